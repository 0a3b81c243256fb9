//! Convolution of a batch by its definition: slow, and plain enough to be believed.

use crate::error::or_panic;
use crate::{Conv2dOptions, Tensor};

/// The same numbers as [`conv2d`](crate::conv2d), by loops over every output, channel and weight, without history.
///
/// It is what the fast path is tested against.
///
/// **Panics** as [`conv2d`](crate::conv2d) does.
///
/// ```
/// use convcore::{Conv2dOptions, Tensor, conv2d, conv2d_by_definition, seeded};
/// let mut rng = seeded(1);
/// let (x, weight) = (Tensor::randn(&[2, 3, 8, 8], &mut rng), Tensor::randn(&[4, 3, 3, 3], &mut rng));
/// let options = Conv2dOptions::new().stride(2).padding(1);
/// let fast = conv2d(&x, &weight, None, options);
/// assert!(fast.allclose(&conv2d_by_definition(&x, &weight, None, options), 1e-5));
/// ```
#[track_caller]
pub fn conv2d_by_definition(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    options: Conv2dOptions,
) -> Tensor {
    let sizes = or_panic(super::check_conv2d(
        x.shape(),
        weight.shape(),
        bias.map(Tensor::shape),
        options,
    ));
    let shape = sizes.output_shape();
    let geometry = sizes.geometry;
    Tensor::from_fn(&shape, |index| {
        let &[image, filter, i, j] = index else {
            unreachable!("the shape has four axes")
        };
        let first_channel = filter / sizes.filters * sizes.channels;
        let (rows, top) = geometry.taps(0, i, sizes.input[0]);
        let (columns, left) = geometry.taps(1, j, sizes.input[1]);
        let mut sum = bias.map_or(0., |bias| bias[filter]);
        for channel in 0..sizes.channels {
            for a in rows.clone() {
                for b in columns.clone() {
                    let row = top.wrapping_add_unsigned(a * geometry.dilation[0]) as usize;
                    let column = left.wrapping_add_unsigned(b * geometry.dilation[1]) as usize;
                    sum += x[[image, first_channel + channel, row, column]]
                        * weight[[filter, channel, a, b]];
                }
            }
        }
        sum
    })
}
