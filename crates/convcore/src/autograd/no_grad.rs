//! Computing without recording.

use std::cell::Cell;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
}

/// Whether operations on this thread record their history.
pub(crate) fn recording() -> bool {
    RECORDING.get()
}

/// Runs `f` without recording history: what it computes has no gradient, and needs less memory (`torch.no_grad`).
///
/// It holds for the current thread, and ends with `f`, even when `f` panics.
///
/// ```
/// use convcore::{Tensor, no_grad};
/// let x = Tensor::from([1., 2.]).requires_grad();
/// let y = no_grad(|| &x * 2.);
/// assert!(!y.needs_grad());
/// ```
#[track_caller]
pub fn no_grad<T>(f: impl FnOnce() -> T) -> T {
    let _restore = Restore(RECORDING.replace(false));
    f()
}

/// Puts the earlier state back when dropped, so that a panic does it too.
struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        RECORDING.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{no_grad, recording};

    #[test]
    fn recording_resumes_after_nesting_and_after_a_panic() {
        no_grad(|| {
            no_grad(|| assert!(!recording()));
            assert!(!recording());
        });
        assert!(recording());
        let panicked =
            std::panic::catch_unwind(|| no_grad(|| std::panic::resume_unwind(Box::new(()))));
        assert!(panicked.is_err());
        assert!(recording());
    }

    #[test]
    fn other_threads_keep_recording() {
        no_grad(|| assert!(std::thread::spawn(recording).join().unwrap()));
    }
}
