//! Many filters over one image: the loops around the tiles. A convolution and the gradient of its input both end here.

use super::across_images::{self, LINE};
use super::layout::Layout;
use super::parallel::{Shared, for_each_task, with_scratch};
use super::simd::{Kernel, Level, Simd};
use super::tile::{self, Grid, Panel, Panels, Work};

/// Weights that are used again and again before the next come: a quarter of a core's second-level cache.
const WEIGHTS: usize = 64 * 1024;

/// Images, filters, and where the results go.
pub(super) struct Correlation<'a> {
    pub(super) level: Level,
    pub(super) images: &'a [f32],
    pub(super) count: usize,
    /// From one image to the next, in the input and in the output.
    pub(super) image_strides: [usize; 2],
    pub(super) layout: Layout,
    /// One group of filters each; a group reads the channels next to its predecessor's.
    pub(super) groups: Vec<Panels<'a>>,
    /// From one group's first channel to the next one's, in the input and in the output.
    pub(super) group_strides: [usize; 2],
    /// Filters in a group, and from one's output to the next one's.
    pub(super) filters: usize,
    pub(super) filter_stride: usize,
    pub(super) bias: Option<&'a [f32]>,
    /// Where output (0, 0) of the first filter goes, and how far apart rows and columns are.
    pub(super) first: usize,
    pub(super) steps: [usize; 2],
}

impl Correlation<'_> {
    /// Steps of each sum.
    pub(super) fn depth(&self) -> usize {
        self.groups.first().map_or(0, Panels::depth)
    }

    /// Writes each output once.
    ///
    /// # Safety
    ///
    /// The strides give different addresses to different outputs, all within `output`.
    pub(super) unsafe fn run(&self, output: Shared) {
        let bands = self.layout.bands();
        let [rows, columns] = [self.layout.axes[0].outputs, self.layout.axes[1].outputs];
        if rows == 0 || columns == 0 {
            return;
        }
        if across_images::suits(self) {
            // SAFETY: the caller vouches for the addresses.
            return unsafe { across_images::run(self, output) };
        }
        let work = self.count * self.groups.len() * self.filters * rows * columns * self.depth();
        for_each_task(self.count * self.groups.len() * bands, work, |task| {
            let (image, group, band) = (
                task / bands / self.groups.len(),
                task / bands % self.groups.len(),
                task % bands,
            );
            with_scratch(self.layout.scratch(), |scratch| {
                // SAFETY: the caller vouches for the addresses.
                self.level.run(Band {
                    correlation: self,
                    image,
                    group,
                    band,
                    scratch,
                    output,
                })
            });
        });
    }
}

/// One task: a band of rows of all outputs of one group over one image.
struct Band<'a> {
    correlation: &'a Correlation<'a>,
    image: usize,
    group: usize,
    band: usize,
    scratch: &'a mut [f32],
    output: Shared<'a>,
}

impl Kernel for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let c = self.correlation;
        let layout = &c.layout;
        let rows = layout.band_rows(self.band);
        let start = self.image * c.image_strides[0] + self.group * c.group_strides[0];
        let scratch_start = self.scratch.as_ptr();
        let (data, offsets) = layout.lay_out(c.level, c.images, start, self.band, self.scratch);
        // Many channels of an image that is read where it is lie far apart, where no processor sees them coming. So while a
        // tile is computed, the next one's numbers are fetched: each panel fetches a line of each row.
        let in_place = data.as_ptr() != scratch_start;
        let target = c.first
            + self.image * c.image_strides[1]
            + self.group * c.group_strides[1]
            + rows.start * c.steps[0];
        let columns = layout.axes[1].outputs;
        let mut grid = Grid {
            width: layout.width,
            rows: rows.len(),
            columns,
            row_stride: c.steps[0],
            column_stride: c.steps[1],
        };
        let outputs = (rows.len() - 1) * layout.width + columns;
        if layout.width == columns && c.steps[0] == columns * c.steps[1] {
            // No gaps: one long row.
            [grid.width, grid.rows, grid.columns] = [outputs, 1, outputs];
        }
        // As many panels at a time as a core's cache holds beside the band: what is read again is read from there.
        let panels: Vec<Panel> = c.groups[self.group].iter().collect();
        let at_a_time = WEIGHTS / (S::ROWS * offsets.len()).max(1);
        for panels in panels.chunks(at_a_time.max(1)) {
            let mut q = 0;
            while q < outputs {
                let vectors = tile::vectors::<S>(outputs - q);
                let lines = vectors * S::LANES / LINE + 1;
                for (index, panel) in panels.iter().enumerate() {
                    let next = vectors * S::LANES + index % lines * LINE;
                    let work = Work {
                        offsets,
                        data: data.as_ptr(),
                        output: self.output.at(target + panel.first * c.filter_stride),
                        output_stride: c.filter_stride,
                        grid,
                        bias: c.bias.map(|bias| &bias[self.group * c.filters..]),
                        ahead: if in_place { next } else { 0 },
                    };
                    // SAFETY: a layout has slack for the lanes beyond its last output; the creator of the correlation
                    // vouches for the output's addresses.
                    unsafe { tile::run(simd, panel, vectors, q, &work) };
                }
                q += vectors * S::LANES;
            }
        }
    }
}
