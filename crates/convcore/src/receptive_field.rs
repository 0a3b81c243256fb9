//! The receptive field: which part of the image one output of a stack of layers sees.

use std::ops::Range;

use crate::{Geometry, GeometryError};

/// What one output of a stack of layers sees of the image, height before width.
///
/// Output i sees, along each axis, `size` pixels from pixel `offset + i * jump` on. Source: A. Araujo, W. Norris and
/// J. Sim, *Computing Receptive Fields of Convolutional Neural Networks*, Distill, 2019.
///
/// ```
/// use convcore::{Geometry, ReceptiveField};
/// let pixel = ReceptiveField::pixel();
/// let after_two = pixel.after(&Geometry::new(3))?.after(&Geometry::new(3))?;
/// assert_eq!(after_two.size, [5, 5]); // two 3 x 3 layers see what one of 5 x 5 sees
/// # Ok::<(), convcore::GeometryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReceptiveField {
    /// How many pixels one output sees, gaps of dilation included.
    pub size: [usize; 2],
    /// How many pixels lie between the fields of neighbouring outputs.
    pub jump: [usize; 2],
    /// The first pixel that output 0 sees; negative in the padding.
    pub offset: [isize; 2],
}

impl ReceptiveField {
    /// The image itself: each pixel sees itself.
    ///
    /// ```
    /// use convcore::ReceptiveField;
    /// assert_eq!(ReceptiveField::pixel().size, [1, 1]);
    /// ```
    pub fn pixel() -> ReceptiveField {
        ReceptiveField {
            size: [1, 1],
            jump: [1, 1],
            offset: [0, 0],
        }
    }

    /// The field after one more layer: with `j` the jump so far, `size + dilation (kernel - 1) j`, `j * stride`, and
    /// `offset - padding * j`.
    ///
    /// Errs when a number of the geometry is 0, or the result too large to compute.
    ///
    /// ```
    /// use convcore::{Geometry, ReceptiveField};
    /// let field = ReceptiveField::pixel().after(&Geometry::new(5).padding(2))?.after(&Geometry::pooling(2))?;
    /// assert_eq!((field.size, field.jump, field.offset), ([6, 6], [2, 2], [-2, -2]));
    /// # Ok::<(), convcore::GeometryError>(())
    /// ```
    pub fn after(&self, layer: &Geometry) -> Result<ReceptiveField, GeometryError> {
        layer.validate()?;
        let mut field = *self;
        for (axis, name) in ["height", "width"].into_iter().enumerate() {
            let jump = self.jump[axis];
            let too_large = GeometryError::Overflow {
                what: "the receptive field",
                axis: name,
            };
            let growth = (layer.kernel[axis] - 1)
                .checked_mul(layer.dilation[axis])
                .and_then(|gaps| gaps.checked_mul(jump));
            let border = layer.padding[axis]
                .checked_mul(jump)
                .and_then(|n| isize::try_from(n).ok());
            field.size[axis] = growth
                .and_then(|growth| growth.checked_add(self.size[axis]))
                .ok_or(too_large)?;
            field.jump[axis] = jump.checked_mul(layer.stride[axis]).ok_or(too_large)?;
            field.offset[axis] = border
                .and_then(|border| self.offset[axis].checked_sub(border))
                .ok_or(too_large)?;
        }
        Ok(field)
    }

    /// The rows and the columns of the image that one output sees. Those below 0 lie in the padding, as do those beyond the
    /// image's end.
    ///
    /// **Panics** when the region lies beyond what can be computed.
    ///
    /// ```
    /// use convcore::{Geometry, ReceptiveField};
    /// let field = ReceptiveField::pixel().after(&Geometry::new(3).stride(2).padding(1))?;
    /// assert_eq!(field.region([0, 3]), [-1..2, 5..8]);
    /// # Ok::<(), convcore::GeometryError>(())
    /// ```
    #[track_caller]
    pub fn region(&self, output: [usize; 2]) -> [Range<isize>; 2] {
        [0, 1].map(|axis| {
            let start = output[axis]
                .checked_mul(self.jump[axis])
                .and_then(|n| self.offset[axis].checked_add_unsigned(n));
            match start.and_then(|start| Some(start..start.checked_add_unsigned(self.size[axis])?))
            {
                Some(region) => region,
                None => panic!("region: output {output:?} lies beyond what can be computed"),
            }
        })
    }
}

/// The receptive field after each of these layers, by name.
///
/// Errs as [`ReceptiveField::after`] does.
///
/// ```
/// use convcore::{Geometry, receptive_field};
/// let lenet = [
///     ("conv1", Geometry::new(5).padding(2)),
///     ("pool1", Geometry::pooling(2)),
///     ("conv2", Geometry::new(5)),
///     ("pool2", Geometry::pooling(2)),
/// ];
/// let fields = receptive_field(&lenet)?;
/// let sizes: Vec<(&str, usize)> = fields.iter().map(|(name, field)| (*name, field.size[0])).collect();
/// assert_eq!(sizes, [("conv1", 5), ("pool1", 6), ("conv2", 14), ("pool2", 16)]);
/// # Ok::<(), convcore::GeometryError>(())
/// ```
pub fn receptive_field<'a>(
    layers: &[(&'a str, Geometry)],
) -> Result<Vec<(&'a str, ReceptiveField)>, GeometryError> {
    let mut field = ReceptiveField::pixel();
    let next = |(name, layer): &(&'a str, Geometry)| {
        field = field.after(layer)?;
        Ok((*name, field))
    };
    layers.iter().map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::{ReceptiveField, receptive_field};
    use crate::{Conv2dOptions, Geometry, Tensor, conv2d};

    #[test]
    fn the_field_is_where_the_gradient_of_one_output_is_not_zero() {
        let stack = [
            Geometry::new(3).dilation(2).padding(2),
            Geometry::new((2, 3)).stride((2, 1)),
            Geometry::new(3).stride(2),
        ];
        let x = Tensor::ones(&[1, 1, 20, 20]).requires_grad();
        let mut y = x.clone();
        for Geometry {
            kernel: [h, w],
            stride,
            padding,
            dilation,
        } in stack
        {
            let options = Conv2dOptions::new()
                .stride(stride)
                .padding(padding)
                .dilation(dilation);
            y = conv2d(&y, &Tensor::ones(&[1, 1, h, w]), None, options);
        }
        let output = [1, 2];
        let upstream = Tensor::from_fn(y.shape(), |index| f32::from(index[2..] == output));
        y.backward_with(&upstream);
        let grad = x.grad().unwrap();
        let named: Vec<_> = stack.iter().map(|&geometry| ("", geometry)).collect();
        let [rows, columns] = receptive_field(&named).unwrap()[2].1.region(output);
        let seen = |axis: usize| {
            let lit = |i: usize| {
                if axis == 0 {
                    grad.select(2, i)
                } else {
                    grad.select(3, i)
                }
                .max()
                    > 0.
            };
            let lit: Vec<usize> = (0..20).filter(|&i| lit(i)).collect();
            lit[0] as isize..lit[lit.len() - 1] as isize + 1
        };
        assert_eq!([seen(0), seen(1)], [rows, columns]);
    }

    #[test]
    fn absurd_layers_are_errors() {
        let huge = ReceptiveField::pixel()
            .after(&Geometry::new(2).stride(usize::MAX))
            .unwrap();
        assert!(huge.after(&Geometry::new(3)).is_err());
        assert!(huge.after(&Geometry::new(1).stride(2)).is_err());
        assert!(huge.after(&Geometry::new(1).padding(2)).is_err());
        assert!(ReceptiveField::pixel().after(&Geometry::new(0)).is_err());
    }
}
