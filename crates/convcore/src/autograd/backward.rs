//! The walk back through the graph, from a result to its leaves.

use std::collections::HashMap;
use std::sync::Arc;

use super::no_grad;
use crate::Tensor;

impl Tensor {
    /// Adds to every tensor that this number was computed from the derivative of the number with respect to it.
    ///
    /// Read it with [`grad`](Tensor::grad). A second pass adds to the first: call [`zero_grad`](Tensor::zero_grad)
    /// between. Source: reverse mode, as in `torch.Tensor.backward`.
    ///
    /// **Panics** when the tensor has more than one element (use [`backward_with`](Tensor::backward_with)), or was not
    /// computed from anything that [requires a gradient](Tensor::requires_grad).
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from(3.).requires_grad();
    /// (&x * &x + 2. * &x).backward();
    /// assert_eq!(x.grad().unwrap().item(), 8.); // 2x + 2
    /// ```
    #[track_caller]
    pub fn backward(&self) {
        if self.len() != 1 {
            panic!(
                "backward: shape {:?} is not a single number; give backward_with an upstream gradient",
                self.shape()
            );
        }
        self.backward_with(&Tensor::ones(self.shape()));
    }

    /// Adds to every tensor that this one was computed from the gradient of `sum(self * upstream)`.
    ///
    /// `upstream` says how much each element of this tensor counts: the gradient that arrives from further up.
    ///
    /// **Panics** when the shapes differ, or when nothing here [requires a gradient](Tensor::requires_grad).
    ///
    /// ```
    /// use convcore::Tensor;
    /// let x = Tensor::from([1., 2.]).requires_grad();
    /// (&x * &x).backward_with(&Tensor::from([1., 10.]));
    /// assert_eq!(x.grad().unwrap(), Tensor::from([2., 40.]));
    /// ```
    #[track_caller]
    pub fn backward_with(&self, upstream: &Tensor) {
        if upstream.shape() != self.shape() {
            panic!(
                "backward_with: the upstream gradient has shape {:?}, the tensor {:?}",
                upstream.shape(),
                self.shape()
            );
        }
        if !self.needs_grad() {
            panic!("backward: nothing that this tensor was computed from requires a gradient");
        }
        no_grad(|| propagate(self, upstream.detach()));
    }
}

fn propagate(result: &Tensor, upstream: Tensor) {
    let order = inputs_first(result);
    let position: HashMap<_, _> = order
        .iter()
        .enumerate()
        .map(|(i, tensor)| (Arc::as_ptr(&tensor.node), i))
        .collect();
    let mut arrived: Vec<Option<Tensor>> = vec![None; order.len()];
    arrived[order.len() - 1] = Some(upstream);
    // Whatever uses a tensor comes later in the order: walking it backwards, all of its gradient has arrived.
    for (i, tensor) in order.iter().enumerate().rev() {
        let Some(grad) = arrived[i].take() else {
            continue;
        };
        tensor.node.propagate(&grad, tensor, |input, part| {
            debug_assert_eq!(part.shape(), input.shape(), "{:?}", tensor.operation());
            let sum = &mut arrived[position[&Arc::as_ptr(&input.node)]];
            *sum = Some(match sum.take() {
                Some(earlier) => earlier + part,
                None => part,
            });
        });
        tensor.add_to_grad(grad);
    }
}

/// Every tensor that `result` depends on and that needs a gradient, each once and after its inputs.
///
/// The order follows from the graph alone, so that sums are made in the same order in every run. An explicit stack, not
/// recursion, so that the graph can be as deep as memory allows.
fn inputs_first(result: &Tensor) -> Vec<&Tensor> {
    let mut order = Vec::new();
    let mut seen = std::collections::HashSet::new();
    seen.insert(Arc::as_ptr(&result.node));
    let mut path = vec![(result, 0)];
    while let Some((tensor, next)) = path.last_mut() {
        let Some(input) = tensor.inputs().get(*next) else {
            order.push(*tensor);
            path.pop();
            continue;
        };
        *next += 1;
        if input.needs_grad() && seen.insert(Arc::as_ptr(&input.node)) {
            path.push((input, 0));
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use crate::{Tensor, no_grad};

    #[test]
    fn the_seed_example_with_an_upstream_gradient() {
        let a = Tensor::from([[2., 4.]]).requires_grad();
        let (a0, a1) = (a.select(1, 0), a.select(1, 1));
        let b = Tensor::stack(&[&(a0.powi(2) + &a1), &(a1.powi(2) + &a0)], 1);
        let out = 2. * b;
        assert_eq!(out, Tensor::from([[16., 36.]]));
        out.backward_with(&Tensor::from([[1., 2.]]));
        assert_eq!(a.grad().unwrap(), Tensor::from([[12., 34.]]));
    }

    #[test]
    fn a_shared_subexpression_counts_each_use() {
        let x = Tensor::from(3.).requires_grad();
        let square = &x * &x;
        (&square * &square + &square).backward(); // x⁴ + x²
        assert_eq!(x.grad().unwrap().item(), 4. * 27. + 2. * 3.);
        assert_eq!(square.grad().unwrap().item(), 2. * 9. + 1.);
    }

    #[test]
    fn gradients_accumulate_until_they_are_zeroed() {
        let x = Tensor::from([1., 2.]).requires_grad();
        let y = (&x * 3.).sum();
        y.backward();
        y.backward();
        assert_eq!(x.grad().unwrap(), Tensor::from([6., 6.]));
        x.zero_grad();
        y.backward();
        assert_eq!(x.grad().unwrap(), Tensor::from([3., 3.]));
    }

    #[test]
    fn the_length_of_a_loop_may_depend_on_the_data() {
        let x = Tensor::from([0.5, 1.]).requires_grad();
        let mut y = &x * 2.;
        let mut doublings = 1;
        while y.powi(2).sum().item() < 1000. {
            y = y * 2.;
            doublings += 1;
        }
        y.sum().backward();
        let slope = 2_f32.powi(doublings);
        assert!(doublings > 3);
        assert_eq!(x.grad().unwrap(), Tensor::from([slope, slope]));
    }

    #[test]
    fn a_chain_of_100_000_operations_neither_overflows_the_stack_nor_leaks() {
        let x = Tensor::from(1.).requires_grad();
        let watched = std::sync::Arc::downgrade(&x.node);
        let mut y = x.clone();
        for _ in 0..100_000 {
            y += 1.;
        }
        y.backward();
        assert_eq!(x.grad().unwrap().item(), 1.);
        drop(x);
        assert!(
            watched.upgrade().is_some(),
            "the chain still holds its leaf"
        );
        drop(y);
        assert!(
            watched.upgrade().is_none(),
            "nothing holds the leaf any more"
        );
    }

    #[test]
    fn detach_and_no_grad_cut_the_history() {
        let x = Tensor::from([1., 2.]).requires_grad();
        assert!(!no_grad(|| (&x * 2.).exp()).needs_grad());
        assert!((x.detach() * 2.).inputs().is_empty());
    }

    #[test]
    #[should_panic(
        expected = "backward_with: the upstream gradient has shape [2], the tensor [2, 1]"
    )]
    fn an_upstream_of_another_shape_is_refused() {
        Tensor::zeros(&[2, 1])
            .requires_grad()
            .backward_with(&Tensor::zeros(&[2]));
    }

    #[test]
    #[should_panic(expected = "backward: shape [2] is not a single number")]
    fn backward_needs_a_single_number() {
        Tensor::zeros(&[2]).requires_grad().backward();
    }

    #[test]
    #[should_panic(expected = "nothing that this tensor was computed from requires a gradient")]
    fn backward_needs_something_to_differentiate_by() {
        Tensor::zeros(&[]).backward();
    }
}
