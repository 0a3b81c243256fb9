//! Work spread over the processor's cores, so that the result never depends on how many there are.
//!
//! A kernel cuts its work into tasks by the shapes alone. Which thread runs a task, and when, changes nothing: each
//! task writes its own part of the output, and sums over tasks are taken afterwards, in the tasks' order.

use std::cell::RefCell;
use std::marker::PhantomData;

use rayon::prelude::*;

/// Multiplications below which starting threads costs more than they save: about 20 microseconds of work.
pub(super) const WORTH_THREADS: usize = 1 << 18;

/// Calls `run(0)`, ..., `run(tasks - 1)`, at the same time if `work` multiplications in all are worth it.
pub(super) fn for_each_task(tasks: usize, work: usize, run: impl Fn(usize) + Sync) {
    if tasks < 2 || work < WORTH_THREADS {
        (0..tasks).for_each(&run);
    } else {
        (0..tasks).into_par_iter().for_each(&run);
    }
}

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Lends `run` this thread's scratch memory, `length` numbers from an earlier use: new memory costs more time than
/// the arithmetic on it, because the system clears each page.
pub(super) fn with_scratch<R>(length: usize, run: impl FnOnce(&mut [f32]) -> R) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < length {
            // Not `resize`, which would copy what nobody needs.
            *scratch = vec![0.0; length];
        }
        run(&mut scratch[..length])
    })
}

thread_local! {
    static KEPT: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Memory for intermediate results that all tasks of a kernel share, kept from one use to the next.
///
/// Not lent like scratch, but taken and given back: while its owner waits for its tasks, the same thread may well
/// start another kernel, which then gets memory of its own.
pub(super) struct Kept {
    memory: Vec<f32>,
    length: usize,
}

impl Kept {
    /// `length` numbers from an earlier use.
    pub(super) fn new(length: usize) -> Kept {
        let mut memory = KEPT.take();
        if memory.len() < length {
            memory = vec![0.0; length];
        }
        Kept { memory, length }
    }
}

impl std::ops::Deref for Kept {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[..self.length]
    }
}

impl std::ops::DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.length]
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        // A thread that is ending has no place any more; then the memory is freed.
        let _ = KEPT.try_with(|kept| kept.replace(memory));
    }
}

/// An output that tasks fill together, each its own part, though the parts interleave.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    start: *mut f32,
    length: usize,
    owner: PhantomData<&'a mut [f32]>,
}

// SAFETY: a `Shared` only gives out addresses; who writes through them vouches that no two threads write one place.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    /// `output`, for tasks that write a part of it.
    pub(super) fn new(output: &'a mut [f32]) -> Shared<'a> {
        Shared {
            start: output.as_mut_ptr(),
            length: output.len(),
            owner: PhantomData,
        }
    }

    /// Where number `index` is.
    pub(super) fn at(&self, index: usize) -> *mut f32 {
        assert!(index <= self.length);
        self.start.wrapping_add(index)
    }
}

/// A vector of `length` numbers, all written by `fill`; not cleared before, which would double the memory traffic.
///
/// # Safety
///
/// `fill` writes every number.
pub(super) unsafe fn filled(length: usize, fill: impl FnOnce(Shared)) -> Vec<f32> {
    let mut output: Vec<f32> = Vec::with_capacity(length);
    prefer_large_pages(output.as_mut_ptr(), length);
    fill(Shared {
        start: output.as_mut_ptr(),
        length,
        owner: PhantomData,
    });
    // SAFETY: the capacity is `length`, and the caller vouches that each number was written.
    unsafe { output.set_len(length) };
    output
}

/// Asks the system for memory in pages of 2 MiB instead of 4 KiB, where that is 512 times less to do: large results are
/// limited by how fast new pages come, not by arithmetic. The system may decline.
fn prefer_large_pages(start: *mut f32, length: usize) {
    #[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
    {
        const LARGE_PAGE: usize = 2 << 20;
        const MADV_HUGEPAGE: i32 = 14;
        unsafe extern "C" {
            fn madvise(start: *mut std::ffi::c_void, bytes: usize, advice: i32) -> i32;
        }
        let skipped = start.addr().wrapping_neg() % LARGE_PAGE;
        let bytes = (length * size_of::<f32>()).saturating_sub(skipped) / LARGE_PAGE * LARGE_PAGE;
        if bytes >= 4 * LARGE_PAGE {
            // SAFETY: this advice changes no content, and concerns whole pages within the memory that was allocated.
            unsafe {
                madvise(
                    start.wrapping_byte_add(skipped).cast(),
                    bytes,
                    MADV_HUGEPAGE,
                )
            };
        }
    }
    #[cfg(not(all(target_os = "linux", target_pointer_width = "64", not(miri))))]
    let _ = (start, length);
}
