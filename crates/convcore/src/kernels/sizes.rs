//! The sizes of a convolution, as the kernels take them.

use crate::Geometry;

/// The sizes of one convolution, already checked against each other.
///
/// Images are `[images, groups * channels, input]`, weights `[groups * filters, channels, kernel]`, results
/// `[images, groups * filters, output]`, each row after row without gaps; two-element arrays are rows, then columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) geometry: Geometry,
    pub(crate) images: usize,
    pub(crate) groups: usize,
    /// Input channels of one group.
    pub(crate) channels: usize,
    /// Filters, that is output channels, of one group.
    pub(crate) filters: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
}

impl Sizes {
    /// `[N, F, H', W']`.
    pub(crate) fn output_shape(&self) -> [usize; 4] {
        [
            self.images,
            self.groups * self.filters,
            self.output[0],
            self.output[1],
        ]
    }

    /// Elements of one filter over one channel.
    pub(super) fn elements(&self) -> usize {
        self.geometry.kernel[0] * self.geometry.kernel[1]
    }

    /// Pixels of one input channel.
    pub(super) fn input_pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Pixels of one output channel.
    pub(super) fn output_pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Numbers in the input, the weights and the output.
    pub(super) fn lengths(&self) -> [usize; 3] {
        [
            self.images * self.groups * self.channels * self.input_pixels(),
            self.groups * self.filters * self.channels * self.elements(),
            self.images * self.groups * self.filters * self.output_pixels(),
        ]
    }
}
