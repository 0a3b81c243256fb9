//! Whether two libraries computed the same.

use crate::work::Pass;
use crate::{Result, Tensors};

/// How far two results may lie apart, as a share of the largest number of one: the libraries add up millions of products
/// in orders of their own.
pub const TOLERANCE: f32 = 1e-3;

/// Checks that a library that did `passes` computed what convcore did, to within [`TOLERANCE`].
pub fn compare(ours: &Tensors, library: &str, theirs: &Tensors, passes: &[Pass]) -> Result<()> {
    let compared = ours.iter().filter(|(name, _)| passes.contains(&pass(name)));
    for (name, ours) in compared {
        let theirs = theirs
            .get(name)
            .ok_or(format!("{library} gave no {name}"))?;
        if ours.shape() != theirs.shape() {
            let (ours, theirs) = (ours.shape(), theirs.shape());
            return Err(format!("{name} is {theirs:?} in {library}, not {ours:?}").into());
        }
        let largest = |values: &[f32]| values.iter().fold(0_f32, |a, b| a.max(b.abs()));
        let scale = largest(ours.as_slice());
        let mut pairs = ours.as_slice().iter().zip(theirs.as_slice());
        let differs = |(a, b): &(&f32, &f32)| {
            let apart = (**a - **b).abs();
            apart > TOLERANCE * scale || apart.is_nan()
        };
        if let Some((a, b)) = pairs.find(differs) {
            return Err(format!("{library} computes another {name}: {b} instead of {a}").into());
        }
    }
    Ok(())
}

/// The pass that a result comes from.
fn pass(result: &str) -> Pass {
    match result {
        "y" => Pass::Forward,
        "logits" | "trained logits" => Pass::Epoch,
        _ => Pass::Gradients,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use convcore::Tensor;

    fn result(name: &str, values: [f32; 2]) -> Tensors {
        Tensors::from([(name.to_owned(), Tensor::from(values))])
    }

    #[test]
    fn what_differs_by_more_than_the_tolerance_is_told() {
        let ours = result("y", [100.0, 1.0]);
        let check = |values| compare(&ours, "it", &result("y", values), &[Pass::Forward]);
        assert!(check([100.09, 0.91]).is_ok());
        assert!(check([100.0, 1.2]).is_err());
        assert!(check([f32::NAN, 1.0]).is_err());
    }

    #[test]
    fn a_missing_result_is_told_where_its_pass_can_be_done() {
        let ours = result("gradient 1", [1.0, 2.0]);
        let check = |passes: &[Pass]| compare(&ours, "it", &Tensors::new(), passes);
        assert!(check(&[Pass::Forward, Pass::Gradients]).is_err());
        assert!(check(&[Pass::Forward]).is_ok());
    }
}
