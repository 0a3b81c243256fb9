//! Where a sliding window stands: the one place that knows kernel, stride, padding and dilation.

use std::ops::Range;

/// Height and width, rows before columns: from one number for both, from `(h, w)` or from `[h, w]`.
///
/// ```
/// use convcore::Pair;
/// assert_eq!(Pair::from(3), Pair::from((3, 3)));
/// assert_eq!(Pair::from((3, 5)), Pair([3, 5]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pair(pub [usize; 2]);

impl From<usize> for Pair {
    fn from(both: usize) -> Pair {
        Pair([both, both])
    }
}

impl From<(usize, usize)> for Pair {
    fn from((height, width): (usize, usize)) -> Pair {
        Pair([height, width])
    }
}

impl From<[usize; 2]> for Pair {
    fn from(pair: [usize; 2]) -> Pair {
        Pair(pair)
    }
}

/// How a window slides over an image: its size and step, the border around the image, the gaps inside the window.
///
/// All lengths are in pixels, height before width. `padding` is per side, in formulas too: an axis of length n gives
/// `floor((n + 2 padding - dilation (kernel - 1) - 1) / stride) + 1` outputs. Source: `torch.nn.Conv2d`.
///
/// ```
/// use convcore::Geometry;
/// let geometry = Geometry::new(3).stride(2).padding(1);
/// assert_eq!(geometry.output_size([28, 28]), Ok([14, 14]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    /// The window's height and width.
    pub kernel: [usize; 2],
    /// How far the window moves between outputs, down and across.
    pub stride: [usize; 2],
    /// Rows of zeros above and below, columns left and right; each per side.
    pub padding: [usize; 2],
    /// The distance between neighbouring elements of the window; 1 is a window without gaps.
    pub dilation: [usize; 2],
}

/// Why a window cannot slide over an image.
///
/// ```
/// use convcore::Geometry;
/// let error = Geometry::new(5).dilation(2).padding(1).output_size([5, 5]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the kernel's height 5 (9 with dilation 2) is larger than the padded input's 7 (5 with padding 1 per side)"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum GeometryError {
    /// A kernel, stride or dilation of 0.
    #[error("the {what}'s {axis} is 0; it must be at least 1")]
    Zero {
        /// `kernel`, `stride` or `dilation`.
        what: &'static str,
        /// `height` or `width`.
        axis: &'static str,
    },
    /// The window, its gaps included, does not fit into the padded image.
    #[error(
        "the kernel's {axis} {kernel}{} is larger than the padded input's {padded} ({input} with padding {padding} per side)",
        if *dilation == 1 { String::new() } else { format!(" ({extent} with dilation {dilation})") }
    )]
    KernelTooLarge {
        /// `height` or `width`.
        axis: &'static str,
        /// The window's length.
        kernel: usize,
        /// The distance between its elements.
        dilation: usize,
        /// What the window spans, gaps included.
        extent: usize,
        /// The image's length.
        input: usize,
        /// The border per side.
        padding: usize,
        /// The image's length with its border.
        padded: usize,
    },
    /// A pooling window could lie wholly in the padding, as in PyTorch.
    #[error("padding {padding} is more than half of the pooling window's {axis} {window}")]
    PaddingTooLarge {
        /// `height` or `width`.
        axis: &'static str,
        /// The border per side.
        padding: usize,
        /// What the window spans, gaps included.
        window: usize,
    },
    /// The image has no pixel.
    #[error("the input's {axis} is 0")]
    EmptyInput {
        /// `height` or `width`.
        axis: &'static str,
    },
    /// The numbers are too large to compute with.
    #[error("{what} overflows along the {axis}: the numbers are too large")]
    Overflow {
        /// What could not be computed.
        what: &'static str,
        /// `height` or `width`.
        axis: &'static str,
    },
}

const AXES: [&str; 2] = ["height", "width"];

impl Geometry {
    /// A window that moves one pixel at a time, without padding or gaps: convolution's default.
    ///
    /// ```
    /// use convcore::Geometry;
    /// assert_eq!(Geometry::new((3, 5)).output_size([8, 8]), Ok([6, 4]));
    /// ```
    pub fn new(kernel: impl Into<Pair>) -> Geometry {
        Geometry {
            kernel: kernel.into().0,
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
        }
    }

    /// A window that moves by its own size: pooling's default.
    ///
    /// ```
    /// use convcore::Geometry;
    /// assert_eq!(Geometry::pooling(2), Geometry::new(2).stride(2));
    /// ```
    pub fn pooling(kernel: impl Into<Pair>) -> Geometry {
        let kernel = kernel.into();
        Geometry::new(kernel).stride(kernel)
    }

    /// The same with another stride.
    ///
    /// ```
    /// use convcore::Geometry;
    /// assert_eq!(Geometry::new(2).stride((3, 2)).stride, [3, 2]);
    /// ```
    pub fn stride(self, stride: impl Into<Pair>) -> Geometry {
        Geometry {
            stride: stride.into().0,
            ..self
        }
    }

    /// The same with another padding per side.
    ///
    /// ```
    /// use convcore::Geometry;
    /// assert_eq!(Geometry::new(3).padding(1).output_size([8, 8]), Ok([8, 8]));
    /// ```
    pub fn padding(self, padding: impl Into<Pair>) -> Geometry {
        Geometry {
            padding: padding.into().0,
            ..self
        }
    }

    /// The same with another dilation.
    ///
    /// ```
    /// use convcore::Geometry;
    /// assert_eq!(Geometry::new(3).dilation(2).output_size([5, 5]), Ok([1, 1]));
    /// ```
    pub fn dilation(self, dilation: impl Into<Pair>) -> Geometry {
        Geometry {
            dilation: dilation.into().0,
            ..self
        }
    }

    /// Whether the window makes sense at all: no kernel, stride or dilation is 0.
    ///
    /// ```
    /// assert!(convcore::Geometry::new(3).stride(0).validate().is_err());
    /// ```
    pub fn validate(&self) -> Result<(), GeometryError> {
        for (what, pair) in [
            ("kernel", self.kernel),
            ("stride", self.stride),
            ("dilation", self.dilation),
        ] {
            if let Some(axis) = pair.iter().position(|&n| n == 0) {
                return Err(GeometryError::Zero {
                    what,
                    axis: AXES[axis],
                });
            }
        }
        Ok(())
    }

    /// Whether this can be a pooling window: as [`validate`](Geometry::validate), and padding at most half the window.
    ///
    /// Beyond half, a window could lie wholly in the padding (`torch.nn.MaxPool2d` refuses it too).
    ///
    /// ```
    /// use convcore::Geometry;
    /// assert!(Geometry::pooling(2).padding(1).validate_pooling().is_ok());
    /// assert!(Geometry::pooling(2).padding(2).validate_pooling().is_err());
    /// ```
    pub fn validate_pooling(&self) -> Result<(), GeometryError> {
        self.validate()?;
        for (axis, padding) in self.padding.into_iter().enumerate() {
            let window = self.extent(axis)?;
            if padding > window / 2 {
                return Err(GeometryError::PaddingTooLarge {
                    axis: AXES[axis],
                    padding,
                    window,
                });
            }
        }
        Ok(())
    }

    /// How many outputs an input of this height and width gives, down and across.
    ///
    /// ```
    /// use convcore::Geometry;
    /// assert_eq!(Geometry::new((3, 5)).padding((0, 1)).stride((3, 4)).output_size([8, 8]), Ok([2, 2]));
    /// assert!(Geometry::new(3).output_size([2, 2]).is_err());
    /// ```
    pub fn output_size(&self, input: [usize; 2]) -> Result<[usize; 2], GeometryError> {
        self.validate()?;
        Ok([self.outputs(0, input[0])?, self.outputs(1, input[1])?])
    }

    fn outputs(&self, axis: usize, input: usize) -> Result<usize, GeometryError> {
        let (kernel, dilation, padding) =
            (self.kernel[axis], self.dilation[axis], self.padding[axis]);
        if input == 0 {
            return Err(GeometryError::EmptyInput { axis: AXES[axis] });
        }
        let extent = self.extent(axis)?;
        let padded = padding
            .checked_mul(2)
            .and_then(|both| both.checked_add(input));
        // Positions are signed: the first ones lie in the padding.
        let padded = padded.filter(|&padded| isize::try_from(padded).is_ok());
        let padded = padded.ok_or(GeometryError::Overflow {
            what: "the padded input",
            axis: AXES[axis],
        })?;
        let Some(room) = padded.checked_sub(extent) else {
            return Err(GeometryError::KernelTooLarge {
                axis: AXES[axis],
                kernel,
                dilation,
                extent,
                input,
                padding,
                padded,
            });
        };
        Ok(room / self.stride[axis] + 1)
    }

    /// What the window spans along an axis, gaps included: `dilation (kernel - 1) + 1`.
    fn extent(&self, axis: usize) -> Result<usize, GeometryError> {
        let gaps = self.kernel[axis]
            .saturating_sub(1)
            .checked_mul(self.dilation[axis]);
        gaps.and_then(|gaps| gaps.checked_add(1))
            .ok_or(GeometryError::Overflow {
                what: "the dilated kernel",
                axis: AXES[axis],
            })
    }

    /// The window's elements that fall on the image, not the padding, for output `o` along an axis; and the image's
    /// position under element 0, which may lie in the padding.
    ///
    /// Only for outputs that `output_size` allows: nothing can overflow then.
    pub(crate) fn taps(&self, axis: usize, o: usize, input: usize) -> (Range<usize>, isize) {
        let start = (o * self.stride[axis]) as isize - self.padding[axis] as isize;
        let dilation = self.dilation[axis];
        let first = if start < 0 {
            start.unsigned_abs().div_ceil(dilation)
        } else {
            0
        };
        let end = (input as isize - start)
            .max(0)
            .unsigned_abs()
            .div_ceil(dilation)
            .min(self.kernel[axis]);
        (first.min(end)..end, start)
    }

    /// The rows and the columns of the image that one output reads. What lies in the padding is left out.
    ///
    /// **Panics** when the geometry does not fit the input, or there is no such output.
    ///
    /// ```
    /// use convcore::Geometry;
    /// let geometry = Geometry::new(3).padding(1);
    /// assert_eq!(geometry.window([0, 2], [8, 8]), [vec![0, 1], vec![1, 2, 3]]);
    /// ```
    #[track_caller]
    pub fn window(&self, output: [usize; 2], input: [usize; 2]) -> [Vec<usize>; 2] {
        let size = crate::error::or_panic(self.output_size(input));
        if output[0] >= size[0] || output[1] >= size[1] {
            panic!("window: there is no output {output:?} in {size:?}");
        }
        [0, 1].map(|axis| self.reads(axis, output[axis], input[axis]).collect())
    }

    /// The positions of the image that output `o` reads along an axis.
    fn reads(&self, axis: usize, o: usize, input: usize) -> impl Iterator<Item = usize> {
        let (taps, start) = self.taps(axis, o, input);
        let dilation = self.dilation[axis];
        taps.map(move |tap| start.wrapping_add_unsigned(tap * dilation) as usize)
    }

    /// The rows and the columns of the image that no output reads, because the stride passes over them or stops early.
    ///
    /// ```
    /// use convcore::Geometry;
    /// let geometry = Geometry::new(3).stride(2);
    /// assert_eq!(geometry.unread([8, 8]).unwrap(), [vec![7], vec![7]]);
    /// ```
    pub fn unread(&self, input: [usize; 2]) -> Result<[Vec<usize>; 2], GeometryError> {
        let size = self.output_size(input)?;
        Ok([0, 1].map(|axis| {
            let mut read = vec![false; input[axis]];
            // Outputs whose window lies wholly in the padding read nothing, and there may be very many.
            let (stride, padding) = (self.stride[axis], self.padding[axis]);
            let reach = self.dilation[axis].saturating_mul(self.kernel[axis] - 1);
            let first = padding.saturating_sub(reach) / stride;
            let end = (input[axis] + padding).div_ceil(stride).min(size[axis]);
            for o in first..end {
                self.reads(axis, o, input[axis])
                    .for_each(|position| read[position] = true);
            }
            (0..input[axis])
                .filter(|&position| !read[position])
                .collect()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Geometry, GeometryError};

    #[test]
    fn output_size_counts_the_places_where_the_window_fits() {
        // Against counting, for every small geometry.
        for (n, k, s, p, d) in (1..8).flat_map(|n| {
            (1..5).flat_map(move |k| {
                (1..4).flat_map(move |s| {
                    (0..3).flat_map(move |p| (1..4).map(move |d| (n, k, s, p, d)))
                })
            })
        }) {
            let geometry = Geometry::new(k).stride(s).padding(p).dilation(d);
            let fits = (0..n + 2 * p)
                .step_by(s)
                .filter(|start| start + d * (k - 1) < n + 2 * p)
                .count();
            match geometry.output_size([n, n]) {
                Ok(size) => assert_eq!(size, [fits, fits], "{geometry:?} on {n}"),
                Err(error) => assert!(
                    fits == 0 && matches!(error, GeometryError::KernelTooLarge { .. }),
                    "{error}"
                ),
            }
        }
    }

    #[test]
    fn taps_are_the_elements_on_the_image() {
        let geometry = Geometry::new(3).padding(3).dilation(2);
        assert_eq!(geometry.taps(0, 0, 4), (2..3, -3)); // at -3, -1, 1
        assert_eq!(geometry.taps(0, 1, 4), (1..3, -2)); // at -2, 0, 2
        assert_eq!(geometry.taps(0, 5, 4), (0..1, 2)); // at 2, 4, 6
        assert!(Geometry::new(1).padding(2).taps(0, 0, 4).0.is_empty());
    }

    #[test]
    fn absurd_numbers_are_errors_and_not_overflows() {
        let huge = usize::MAX;
        let size = |geometry: Geometry| geometry.output_size([5, 5]);
        assert!(matches!(
            size(Geometry::new(3).padding(huge)),
            Err(GeometryError::Overflow { .. })
        ));
        assert!(matches!(
            size(Geometry::new(3).padding(huge / 2 - 8)),
            Err(GeometryError::Overflow { .. })
        ));
        assert!(matches!(
            size(Geometry::new(3).dilation(huge)),
            Err(GeometryError::Overflow { .. })
        ));
        assert!(matches!(
            size(Geometry::new(huge)),
            Err(GeometryError::KernelTooLarge { .. })
        ));
        assert_eq!(size(Geometry::new(3).stride(huge)), Ok([1, 1]));
        assert!(matches!(
            Geometry::new(huge).dilation(2).validate_pooling(),
            Err(GeometryError::Overflow { .. })
        ));
    }

    #[test]
    fn errors_name_what_did_not_fit() {
        let error = Geometry::new((3, 5)).output_size([3, 4]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the kernel's width 5 is larger than the padded input's 4 (4 with padding 0 per side)"
        );
        assert_eq!(
            Geometry::new(3)
                .stride((1, 0))
                .validate()
                .unwrap_err()
                .to_string(),
            "the stride's width is 0; it must be at least 1"
        );
        assert_eq!(
            Geometry::pooling(3)
                .padding(2)
                .validate_pooling()
                .unwrap_err()
                .to_string(),
            "padding 2 is more than half of the pooling window's height 3"
        );
    }

    #[test]
    fn a_stride_beyond_the_kernel_leaves_rows_unread() {
        assert_eq!(
            Geometry::new(1).stride(3).unread([7, 4]).unwrap(),
            [vec![1, 2, 4, 5], vec![1, 2]]
        );
        assert_eq!(
            Geometry::new(3).unread([3, 9]).unwrap(),
            [vec![0; 0], vec![0; 0]]
        );
    }
}
