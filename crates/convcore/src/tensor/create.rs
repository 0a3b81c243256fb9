//! Making tensors: from nested arrays, vectors and ndarray, filled, counted, or drawn at random.

use std::ops::Range;

use ndarray::{Array, ArrayD, ArrayView, Dimension, IxDyn};

use super::Tensor;
use crate::Rng;

impl Tensor {
    /// A tensor of this shape, from its values in row-major order.
    ///
    /// **Panics** when the number of values is not what the shape says.
    ///
    /// ```
    /// let x = convcore::Tensor::new(&[2, 2], vec![1., 2., 3., 4.]);
    /// assert_eq!(x.to_string(), "[[1, 2],\n [3, 4]]");
    /// ```
    #[track_caller]
    pub fn new(shape: &[usize], values: Vec<f32>) -> Tensor {
        if element_count(shape) != Some(values.len()) {
            panic!("new: shape {shape:?} does not hold {} values", values.len());
        }
        Tensor::from_parts(shape, values)
    }

    /// All zeros.
    ///
    /// **Panics** when memory cannot hold the shape.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::zeros(&[2, 3]).to_vec(), [0.; 6]);
    /// ```
    #[track_caller]
    pub fn zeros(shape: &[usize]) -> Tensor {
        Tensor::full(shape, 0.)
    }

    /// All ones.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::ones(&[3]).to_string(), "[1, 1, 1]");
    /// ```
    #[track_caller]
    pub fn ones(shape: &[usize]) -> Tensor {
        Tensor::full(shape, 1.)
    }

    /// Every element the same value.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::full(&[2], 0.5).to_string(), "[0.5, 0.5]");
    /// ```
    #[track_caller]
    pub fn full(shape: &[usize], value: f32) -> Tensor {
        match element_count(shape) {
            Some(count) => Tensor::from_parts(shape, vec![value; count]),
            None => panic!("full: shape {shape:?} is larger than memory can be"),
        }
    }

    /// The numbers 0, 1, ... up to and without `count`, as a vector.
    ///
    /// ```
    /// use convcore::Tensor;
    /// assert_eq!(Tensor::arange(4).reshape(&[2, 2]).to_string(), "[[0, 1],\n [2, 3]]");
    /// ```
    pub fn arange(count: usize) -> Tensor {
        Tensor::from_parts(&[count], (0..count).map(|i| i as f32).collect())
    }

    /// `count` numbers at equal distances from `start` to `end`, both included.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::linspace(0., 1., 5).to_string(), "[0.00, 0.25, 0.50, 0.75, 1.00]");
    /// ```
    pub fn linspace(start: f32, end: f32, count: usize) -> Tensor {
        let steps = count.saturating_sub(1).max(1) as f64;
        let (start, end) = (f64::from(start), f64::from(end));
        let value = |i: usize| (start + (end - start) * i as f64 / steps) as f32;
        Tensor::from_parts(&[count], (0..count).map(value).collect())
    }

    /// Independent draws from the normal distribution with mean 0 and standard deviation 1.
    ///
    /// ```
    /// use convcore::{Tensor, seeded};
    /// let x = Tensor::randn(&[100, 100], &mut seeded(1));
    /// assert!(x.mean().item().abs() < 0.05);
    /// assert_eq!(x, Tensor::randn(&[100, 100], &mut seeded(1)));
    /// ```
    #[track_caller]
    pub fn randn(shape: &[usize], rng: &mut Rng) -> Tensor {
        Tensor::drawn(shape, || rng.normal())
    }

    /// Independent draws from the uniform distribution over `range`.
    ///
    /// ```
    /// use convcore::{Tensor, seeded};
    /// let x = Tensor::uniform(&[1000], -1. ..1., &mut seeded(1));
    /// assert!(x.to_vec().iter().all(|v| (-1. ..1.).contains(v)));
    /// ```
    #[track_caller]
    pub fn uniform(shape: &[usize], range: Range<f32>, rng: &mut Rng) -> Tensor {
        let width = range.end - range.start;
        // Rounding may land on the end, which the range excludes.
        let below = range.end.next_down().max(range.start);
        Tensor::drawn(shape, || (range.start + width * rng.uniform()).min(below))
    }

    #[track_caller]
    fn drawn(shape: &[usize], draw: impl FnMut() -> f32) -> Tensor {
        let mut draw = draw;
        match element_count(shape) {
            Some(count) => Tensor::from_parts(shape, (0..count).map(|_| draw()).collect()),
            None => panic!("shape {shape:?} is larger than memory can be"),
        }
    }
}

/// How many elements a shape has, if that many `f32` can be addressed at all.
pub(crate) fn element_count(shape: &[usize]) -> Option<usize> {
    // Like ndarray, count axes of length 0 as 1 for the limit: strides must stay representable too.
    let bound = shape
        .iter()
        .try_fold(4_usize, |product, &n| product.checked_mul(n.max(1)))?;
    (bound <= isize::MAX as usize).then(|| shape.iter().product())
}

/// A tensor of rank 0.
impl From<f32> for Tensor {
    fn from(value: f32) -> Tensor {
        Tensor::from_parts(&[], vec![value])
    }
}

impl<const A: usize> From<[f32; A]> for Tensor {
    fn from(values: [f32; A]) -> Tensor {
        Tensor::from_parts(&[A], values.to_vec())
    }
}

impl<const A: usize, const B: usize> From<[[f32; B]; A]> for Tensor {
    fn from(values: [[f32; B]; A]) -> Tensor {
        Tensor::from_parts(&[A, B], values.as_flattened().to_vec())
    }
}

impl<const A: usize, const B: usize, const C: usize> From<[[[f32; C]; B]; A]> for Tensor {
    fn from(values: [[[f32; C]; B]; A]) -> Tensor {
        Tensor::from_parts(&[A, B, C], values.as_flattened().as_flattened().to_vec())
    }
}

impl<const A: usize, const B: usize, const C: usize, const D: usize> From<[[[[f32; D]; C]; B]; A]>
    for Tensor
{
    fn from(values: [[[[f32; D]; C]; B]; A]) -> Tensor {
        let flat = values.as_flattened().as_flattened().as_flattened();
        Tensor::from_parts(&[A, B, C, D], flat.to_vec())
    }
}

/// A vector.
impl From<Vec<f32>> for Tensor {
    fn from(values: Vec<f32>) -> Tensor {
        Tensor::from_parts(&[values.len()], values)
    }
}

/// A vector.
impl From<&[f32]> for Tensor {
    fn from(values: &[f32]) -> Tensor {
        Tensor::from(values.to_vec())
    }
}

/// The array's values in its logical order, whatever its layout in memory.
impl<D: Dimension> From<Array<f32, D>> for Tensor {
    fn from(array: Array<f32, D>) -> Tensor {
        let array = array.into_dyn();
        if array.is_standard_layout() {
            return Tensor::leaf(array.into_shared());
        }
        Tensor::from(array.view())
    }
}

/// A copy of what the view shows.
impl<D: Dimension> From<ArrayView<'_, f32, D>> for Tensor {
    fn from(view: ArrayView<'_, f32, D>) -> Tensor {
        Tensor::from_parts(view.shape(), view.iter().copied().collect())
    }
}

impl From<&Tensor> for ArrayD<f32> {
    fn from(tensor: &Tensor) -> ArrayD<f32> {
        tensor.array().to_owned()
    }
}

impl From<&Tensor> for Tensor {
    fn from(tensor: &Tensor) -> Tensor {
        tensor.clone()
    }
}

impl Tensor {
    /// A tensor of this shape whose element at an index is what `f` gives for it.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let table = Tensor::from_fn(&[2, 3], |index| (10 * index[0] + index[1]) as f32);
    /// assert_eq!(table.to_string(), "[[ 0,  1,  2],\n [10, 11, 12]]");
    /// ```
    #[track_caller]
    pub fn from_fn(shape: &[usize], f: impl FnMut(&[usize]) -> f32) -> Tensor {
        let mut f = f;
        if element_count(shape).is_none() {
            panic!("from_fn: shape {shape:?} is larger than memory can be");
        }
        let indices = ndarray::indices(IxDyn(shape)).into_iter();
        let values = indices.map(|index| {
            f(ndarray::IntoDimension::into_dimension(index)
                .as_array_view()
                .as_slice()
                .unwrap_or(&[]))
        });
        Tensor::from_parts(shape, values.collect())
    }
}
