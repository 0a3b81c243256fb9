//! Reading a tensor: its shape, its elements, its values as a slice or an ndarray view.

use std::ops::Index;

use ndarray::ArrayViewD;

use super::Tensor;

impl Tensor {
    /// The length of each axis, the outermost first.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([[1., 2., 3.]]).shape(), [1, 3]);
    /// ```
    pub fn shape(&self) -> &[usize] {
        self.values().shape()
    }

    /// The number of axes: 0 for a single number, 1 for a vector, 2 for a matrix.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::zeros(&[1, 3, 28, 28]).rank(), 4);
    /// ```
    pub fn rank(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::zeros(&[2, 3]).len(), 6);
    /// ```
    pub fn len(&self) -> usize {
        self.values().len()
    }

    /// Whether there is no element, because some axis has length 0.
    ///
    /// ```
    /// assert!(convcore::Tensor::zeros(&[0, 3]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The only element, as a plain number (`torch.Tensor.item`).
    ///
    /// **Panics** when there is not exactly one element.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([1., 2.]).sum().item(), 3.);
    /// ```
    #[track_caller]
    pub fn item(&self) -> f32 {
        match self.as_slice() {
            [value] => *value,
            _ => panic!(
                "item: shape {:?} has {} elements, not one",
                self.shape(),
                self.len()
            ),
        }
    }

    /// The elements in row-major order.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([[1., 2.], [3., 4.]]).as_slice(), [1., 2., 3., 4.]);
    /// ```
    pub fn as_slice(&self) -> &[f32] {
        self.values()
            .as_slice()
            .expect("tensors are kept in standard layout")
    }

    /// A copy of the elements in row-major order.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::arange(3).to_vec(), vec![0., 1., 2.]);
    /// ```
    pub fn to_vec(&self) -> Vec<f32> {
        self.as_slice().to_vec()
    }

    /// A view for ndarray's functions.
    ///
    /// ```
    /// let x = convcore::Tensor::from([[1., 2.], [3., 4.]]);
    /// assert_eq!(x.array().diag().sum(), 5.);
    /// ```
    pub fn array(&self) -> ArrayViewD<'_, f32> {
        self.values().view()
    }

    /// Whether both have one shape and every pair of elements is close: `|a - b| <= tolerance * max(1, |b|)`.
    ///
    /// NaN is close to nothing; an infinity only to itself.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let third = Tensor::from([1.]) / 3.;
    /// assert!(third.allclose(&Tensor::from([0.3333]), 1e-4));
    /// assert!(!third.allclose(&Tensor::from([0.3]), 1e-4));
    /// ```
    pub fn allclose(&self, other: &Tensor, tolerance: f32) -> bool {
        let close = |(a, b): (&f32, &f32)| {
            a == b || (a - b).abs() <= tolerance * b.abs().clamp(1., f32::MAX)
        };
        self.shape() == other.shape() && self.as_slice().iter().zip(other.as_slice()).all(close)
    }
}

/// Equal when the shapes and all elements are: NaN differs from itself, as in `f32`.
impl PartialEq for Tensor {
    fn eq(&self, other: &Tensor) -> bool {
        self.shape() == other.shape() && self.as_slice() == other.as_slice()
    }
}

/// One element: `x[[row, column]]`.
///
/// **Panics** when the index has another rank than the tensor, or lies outside.
impl<const N: usize> Index<[usize; N]> for Tensor {
    type Output = f32;

    #[track_caller]
    fn index(&self, index: [usize; N]) -> &f32 {
        match self.values().get(&index[..]) {
            Some(value) => value,
            None => panic!("index {index:?} lies outside shape {:?}", self.shape()),
        }
    }
}

/// One element of a vector: `x[3]`.
///
/// **Panics** when the tensor is no vector, or the index lies outside.
impl Index<usize> for Tensor {
    type Output = f32;

    #[track_caller]
    fn index(&self, index: usize) -> &f32 {
        &self[[index]]
    }
}
