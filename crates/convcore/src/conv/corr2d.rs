//! Cross-correlation of one image with one kernel, by its definition, and true convolution.

use ndarray::{Array2, ArrayView2, s};

use crate::Tensor;
use crate::autograd::{Step, rule};

/// Slides the kernel over the image and, at each place, sums the products of what lies on top of each other.
///
/// `x` is `[h, w]`, `k` is `[kh, kw]`; the result is `[h - kh + 1, w - kw + 1]`. This is the cross-correlation that
/// deep learning calls convolution: two loops and a sum. [`conv2d`](crate::conv2d) computes the same for batches, fast.
///
/// **Panics** unless both are matrices, and the kernel is neither empty nor larger than the image.
///
/// ```
/// use convcore::{Tensor, corr2d};
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let k = Tensor::from([[0., 1.], [2., 3.]]);
/// assert_eq!(corr2d(&x, &k).to_string(), "[[19, 25],\n [37, 43]]");
/// ```
#[track_caller]
pub fn corr2d(x: &Tensor, k: &Tensor) -> Tensor {
    let ([h, w], [kh, kw]) = (x.shape(), k.shape()) else {
        panic!(
            "corr2d: input {:?} and kernel {:?} must be two matrices",
            x.shape(),
            k.shape()
        );
    };
    if kh > h || kw > w || *kh == 0 || *kw == 0 {
        panic!(
            "corr2d: kernel {:?} does not fit on input {:?}",
            k.shape(),
            x.shape()
        );
    }
    slide(x, k).recorded(
        "corr2d",
        [x, k],
        [
            // Every place where the kernel covered a pixel: the flipped kernel over the gradient with a border.
            rule(|Step { grad, inputs, .. }| {
                let [kh, kw] = *inputs[1].shape() else {
                    unreachable!("checked by the operation")
                };
                slide(&grad.pad2d((kh - 1, kw - 1)), &inputs[1].flip(0).flip(1))
            }),
            // Every place where a weight was used: the gradient itself slides over the input.
            rule(|Step { grad, inputs, .. }| slide(&inputs[0], grad)),
        ],
    )
}

/// True convolution: the kernel is flipped in both directions first, then slides as in [`corr2d`].
///
/// `x` is `[h, w]`, `k` is `[kh, kw]`; the result, where the kernel fits wholly, is `[h - kh + 1, w - kw + 1]`. Source:
/// `scipy.signal.convolve2d` with `mode="valid"`.
///
/// **Panics** as [`corr2d`] does.
///
/// ```
/// use convcore::{Tensor, conv2d_true};
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let k = Tensor::from([[0., 1.], [2., 3.]]);
/// assert_eq!(conv2d_true(&x, &k).to_string(), "[[ 5, 11],\n [23, 29]]");
/// ```
#[track_caller]
pub fn conv2d_true(x: &Tensor, k: &Tensor) -> Tensor {
    if k.rank() != 2 {
        panic!(
            "conv2d_true: input {:?} and kernel {:?} must be two matrices",
            x.shape(),
            k.shape()
        );
    }
    corr2d(x, &k.flip(0).flip(1))
}

/// The definition.
fn slide(x: &Tensor, k: &Tensor) -> Tensor {
    let (x, k) = (matrix(x), matrix(k));
    let ((h, w), (kh, kw)) = (x.dim(), k.dim());
    let mut y = Array2::zeros((h - kh + 1, w - kw + 1));
    for i in 0..h - kh + 1 {
        for j in 0..w - kw + 1 {
            let window = x.slice(s![i..i + kh, j..j + kw]);
            y[[i, j]] = (&window * &k).sum();
        }
    }
    Tensor::from(y)
}

fn matrix(tensor: &Tensor) -> ArrayView2<'_, f32> {
    tensor
        .array()
        .into_dimensionality()
        .expect("rank 2, checked by the operation")
}

#[cfg(test)]
mod tests {
    use super::{conv2d_true, corr2d};
    use crate::Tensor;

    #[test]
    fn gradients_of_a_small_example_by_hand() {
        let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]).requires_grad();
        let k = Tensor::from([[0., 1.], [2., 3.]]).requires_grad();
        corr2d(&x, &k).sum().backward();
        assert_eq!(
            x.grad().unwrap(),
            Tensor::from([[0., 1., 1.], [2., 6., 4.], [2., 5., 3.]])
        );
        assert_eq!(k.grad().unwrap(), Tensor::from([[8., 12.], [20., 24.]]));
    }

    #[test]
    fn true_convolution_commutes_on_full_overlap() {
        let (a, b) = (
            Tensor::from([[1., 2.], [3., 4.]]),
            Tensor::from([[5., -6.], [7., 8.]]),
        );
        assert_eq!(conv2d_true(&a, &b), conv2d_true(&b, &a));
        assert_ne!(conv2d_true(&a, &b), corr2d(&a, &b));
    }

    #[test]
    #[should_panic(expected = "corr2d: kernel [3, 1] does not fit on input [2, 2]")]
    fn a_kernel_larger_than_the_image_is_refused() {
        corr2d(&Tensor::zeros(&[2, 2]), &Tensor::zeros(&[3, 1]));
    }
}
