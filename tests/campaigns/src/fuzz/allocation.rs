//! An allocator that counts, and the bound that a property holds itself to.
//!
//! A program that wants the bound to be checked makes [`Counting`] its global allocator, as the fuzz targets and
//! the replay of their inputs do. Elsewhere nothing is counted and [`within`] checks nothing.

#![expect(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<Held> = const { Cell::new(Held { now: 0, most: 0 }) };
}

/// Bytes of one thread since its measurement began. What another thread freed, or allocated before, makes `now`
/// negative.
#[derive(Clone, Copy)]
struct Held {
    now: isize,
    most: isize,
}

/// The system's allocator, with a count of the bytes that each thread holds.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

/// Does `work`, and panics if this thread came to hold more than `bound` bytes at once over what it held before.
pub fn within<T>(bound: usize, work: impl FnOnce() -> T) -> T {
    let before = HELD.replace(Held { now: 0, most: 0 });
    let result = work();
    let Held { now, most } = HELD.get();
    HELD.set(Held { now: before.now + now, most: before.most.max(before.now + most) });
    assert!(most <= signed(bound), "{most} bytes were held at once, and the bound is {bound}");
    result
}

fn count(bytes: isize) {
    HELD.with(|held| {
        let Held { now, most } = held.get();
        let now = now + bytes;
        held.set(Held { now, most: most.max(now) });
    });
}

fn signed(bytes: usize) -> isize {
    isize::try_from(bytes).unwrap_or(isize::MAX)
}

// SAFETY: every call goes to `System` unchanged; counting touches a thread-local without a destructor and
// never allocates. `realloc` is the default one, which allocates, copies and frees, so both blocks count.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    // Zeroed memory comes from the kernel untouched, which a `memset` of megabytes would not be.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
