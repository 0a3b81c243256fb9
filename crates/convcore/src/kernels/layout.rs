//! An image laid out so that every tap of a filter reads it in one straight run.
//!
//! The usual fast convolution writes each window out as a column of a matrix (*im2col*) and multiplies: k x k copies
//! of the image. They are not needed. Pad the image with its zeros once and number its pixels row after row, with
//! `width` of them to a row:
//!
//! ```text
//!   output q = y * width + x      reads, through tap (i, j),      pixel q + i * width + j
//! ```
//!
//! The tap's part of that, `i * width + j`, is the same for all outputs: neighbouring outputs read neighbouring pixels,
//! whatever the tap, and 16 of them are one vector load. The matrix is there, in the form of a table with one offset a
//! tap. The price: a row has `width` outputs, and the last few, whose windows hang over the right edge, are thrown away.
//!
//! With a stride of s, neighbouring outputs read pixels s apart. So the image is dealt out, like cards, into s x s
//! smaller ones (*phases*), in which they are neighbours again; a tap (i, j) reads phase (i mod s, j mod s). Dilation
//! only moves the taps' offsets.

mod fill;

use self::fill::Fill;
pub(super) use self::fill::Span;
use super::simd::Level;
use super::sizes::Sizes;
use crate::Geometry;

/// How the taps of a filter fall on one axis of an image.
///
/// Output `t` reads, through a tap, the pixel `origin + step * (t + tap.shift) + phases[tap.phase]`.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// The image's length; pixels outside it are 0.
    pub(super) length: usize,
    /// How many outputs there are.
    pub(super) outputs: usize,
    step: usize,
    origin: isize,
    taps: Vec<Tap>,
    /// The phases that some tap reads.
    phases: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    /// Which of the filter's elements along the axis this is.
    element: usize,
    phase: usize,
    shift: usize,
}

impl Axis {
    /// Axis `axis` of a convolution, as it reads its input.
    pub(super) fn forward(sizes: &Sizes, axis: usize) -> Axis {
        let Geometry {
            kernel,
            stride,
            padding,
            dilation,
        } = sizes.geometry;
        let reads = (0..kernel[axis]).map(|element| {
            (
                element,
                (element * dilation[axis]) as isize - padding[axis] as isize,
            )
        });
        Axis::new(sizes.input[axis], sizes.output[axis], stride[axis], reads)
    }

    /// The same convolution's gradient: how the input pixels `first`, `first + stride`, ... read the output's.
    ///
    /// Pixel y was read by output t through element i when t * stride + i * dilation = y + padding. For the pixels
    /// y = first + stride * s only some elements can, and those read output s + a constant: a convolution again,
    /// with stride 1 and a part of the filter.
    pub(super) fn backward(sizes: &Sizes, axis: usize, first: usize) -> Axis {
        let Geometry {
            kernel,
            stride,
            padding,
            dilation,
        } = sizes.geometry;
        let step = stride[axis] as isize;
        let reads = (0..kernel[axis])
            .map(|element| {
                (
                    element,
                    (first + padding[axis]) as isize - (element * dilation[axis]) as isize,
                )
            })
            .filter(|(_, distance)| distance % step == 0)
            .map(|(element, distance)| (element, distance / step));
        let pixels = sizes.input[axis]
            .saturating_sub(first)
            .div_ceil(stride[axis]);
        Axis::new(sizes.output[axis], pixels, 1, reads)
    }

    /// An axis whose output `t` reads the pixels `step * t + read` for each `(element, read)`.
    pub(super) fn new(
        length: usize,
        outputs: usize,
        step: usize,
        reads: impl Iterator<Item = (usize, isize)>,
    ) -> Axis {
        // A tap that meets nothing but padding would stretch the layout for a sum of zeros.
        let furthest = (step * outputs.saturating_sub(1)) as isize;
        let reads: Vec<(usize, isize)> = reads
            .filter(|(_, read)| *read < length as isize && read + furthest >= 0)
            .collect();
        let origin = reads.iter().map(|read| read.1).min().unwrap_or(0);
        let place = |read: isize| {
            (
                (read - origin) as usize / step,
                (read - origin) as usize % step,
            )
        };
        let mut phases: Vec<usize> = reads.iter().map(|&(_, read)| place(read).1).collect();
        phases.sort_unstable();
        phases.dedup();
        let taps = reads.iter().map(|&(element, read)| {
            let (shift, phase) = place(read);
            Tap {
                element,
                phase: phases.iter().position(|&p| p == phase).unwrap_or(0),
                shift,
            }
        });
        Axis {
            length,
            outputs,
            step,
            origin,
            taps: taps.collect(),
            phases,
        }
    }

    /// How far the last tap reads beyond the first.
    fn reach(&self) -> usize {
        self.taps.iter().map(|tap| tap.shift).max().unwrap_or(0)
    }

    /// How many taps there are that read pixels.
    pub(super) fn taps(&self) -> usize {
        self.taps.len()
    }

    /// Outputs as they are laid out, those that hang over the edge included.
    pub(super) fn width(&self) -> usize {
        self.outputs + self.reach()
    }

    /// Whether the image is laid out right as it is.
    fn is_plain(&self) -> bool {
        self.step == 1 && self.origin == 0 && self.length == self.outputs + self.reach()
    }
}

/// The layout of the channels that one filter reads, a band of output rows at a time.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) channels: usize,
    pub(super) axes: [Axis; 2],
    /// Outputs in a row, those that hang over the edge included.
    pub(super) width: usize,
    /// Output rows in a band.
    pub(super) band: usize,
    /// What is read through each phase: of a band's rows, and of all columns.
    down: Vec<Vec<Span>>,
    across: Vec<Span>,
    /// Where in a band each tap begins: channel by channel, in each row by row, as in the filter.
    offsets: Vec<u32>,
    /// The same in the image as it is, where it needs no other layout.
    plain_offsets: Option<Vec<u32>>,
}

/// Tasks that a few cores share evenly, and the numbers in an image that are worth sharing.
const TASKS: usize = 8;
const WORTH_BANDS: usize = 1 << 14;

/// Memory that a vector load may touch beyond the last pixel that counts.
const SLACK: usize = 64;

impl Layout {
    /// Chooses bands so that one takes up about `budget` numbers, and that `images` have enough of them to share out
    /// among cores: by the sizes alone, not by the number of cores, so that results do not depend on it.
    pub(super) fn new(channels: usize, axes: [Axis; 2], budget: usize, images: usize) -> Layout {
        let width = axes[1].width();
        let per_row = channels * axes[0].phases.len() * axes[1].phases.len() * width;
        let mut most = (budget / per_row.max(1)).saturating_sub(axes[0].reach());
        if axes[0].outputs * per_row >= WORTH_BANDS {
            // No thinner than twice the rows that neighbouring bands both lay out.
            let fair = axes[0].outputs.div_ceil(TASKS.div_ceil(images));
            most = most.min(fair.max(2 * axes[0].reach()));
        }
        Layout::in_bands(channels, axes, most)
    }

    /// Cuts the output rows into bands of `most`, or somewhat less.
    pub(super) fn in_bands(channels: usize, axes: [Axis; 2], most: usize) -> Layout {
        let width = axes[1].width();
        let most = most.clamp(1, axes[0].outputs.max(1));
        // As even as can be: 9 rows of at most 8 are 5 and 4.
        let bands = axes[0].outputs.div_ceil(most).max(1);
        let band = axes[0].outputs.div_ceil(bands);
        let mut layout = Layout {
            channels,
            axes,
            width,
            band,
            down: vec![],
            across: vec![],
            offsets: vec![],
            plain_offsets: None,
        };
        let [rows, columns] = &layout.axes;
        let span = |first, &phase: &usize| Span::new(rows, first, band + rows.reach(), phase);
        let down = |index| {
            rows.phases
                .iter()
                .map(|phase| span(index * band, phase))
                .collect()
        };
        layout.down = (0..bands).map(down).collect();
        let across = |&phase: &usize| Span::new(columns, 0, width, phase);
        layout.across = columns.phases.iter().map(across).collect();
        layout.offsets = layout.offsets_for(layout.plane());
        if layout.axes.iter().all(Axis::is_plain) {
            layout.plain_offsets = Some(layout.offsets_for(layout.image_pixels()));
        }
        layout
    }

    fn offsets_for(&self, plane: usize) -> Vec<u32> {
        let mut offsets =
            Vec::with_capacity(self.channels * self.axes[0].taps.len() * self.axes[1].taps.len());
        for channel in 0..self.channels {
            for row in &self.axes[0].taps {
                for column in &self.axes[1].taps {
                    let phase = (channel * self.axes[0].phases.len() + row.phase)
                        * self.axes[1].phases.len();
                    let offset =
                        (phase + column.phase) * plane + row.shift * self.width + column.shift;
                    offsets.push(
                        u32::try_from(offset).expect("a band of an image of over 4 billion pixels"),
                    );
                }
            }
        }
        offsets
    }

    /// Which element of a filter `kernel_columns` wide each tap over one channel is.
    pub(super) fn elements(&self, kernel_columns: usize) -> Vec<usize> {
        let [rows, columns] = &self.axes;
        rows.taps
            .iter()
            .flat_map(|row| {
                columns
                    .taps
                    .iter()
                    .map(|column| row.element * kernel_columns + column.element)
            })
            .collect()
    }

    fn image_pixels(&self) -> usize {
        self.axes[0].length * self.axes[1].length
    }

    /// Numbers in one phase of one channel of a band.
    fn plane(&self) -> usize {
        (self.band + self.axes[0].reach()) * self.width
    }

    /// How many bands an image has.
    pub(super) fn bands(&self) -> usize {
        self.axes[0].outputs.div_ceil(self.band.max(1))
    }

    /// The output rows of a band.
    pub(super) fn band_rows(&self, band: usize) -> std::ops::Range<usize> {
        band * self.band..((band + 1) * self.band).min(self.axes[0].outputs)
    }

    /// What is read of rows and columns, where a channel is laid out in one piece: in one band, with stride 1.
    pub(super) fn spans(&self) -> Option<[&Span; 2]> {
        match (&self.down[..], &self.across[..]) {
            ([down], [across]) if self.axes.iter().all(|axis| axis.step == 1) => {
                Some([down.first()?, across])
            }
            _ => None,
        }
    }

    /// Where in a band each tap begins.
    pub(super) fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// Scratch that `lay_out` needs.
    pub(super) fn scratch(&self) -> usize {
        self.channels * self.axes[0].phases.len() * self.axes[1].phases.len() * self.plane() + SLACK
    }

    /// A band of `images[start..]`, and the taps' offsets in it: in `scratch`, or where it is, if that will do.
    /// All of `offset + 0..rows * width + SLACK - width` can be read.
    pub(super) fn lay_out<'a>(
        &'a self,
        level: Level,
        images: &'a [f32],
        start: usize,
        band: usize,
        scratch: &'a mut [f32],
    ) -> (&'a [f32], &'a [u32]) {
        if let Some(offsets) = &self.plain_offsets {
            let begin = start + band * self.band * self.width;
            let last = offsets.last().map_or(0, |&offset| offset as usize);
            if begin + last + self.band * self.width + SLACK <= images.len() {
                return (&images[begin..], offsets);
            }
        }
        level.run(Fill {
            layout: self,
            images: &images[start..],
            band,
            scratch,
        });
        (scratch, &self.offsets)
    }
}
