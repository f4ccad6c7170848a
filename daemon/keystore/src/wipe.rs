//! Wiping what finished calls leave behind on a thread's stack.
//!
//! A type that wipes itself wipes the place where it ends. Moving it there copied it, and a hash works on copies of its
//! key: those stay in the frames of calls that have returned, until other calls happen to write over them.

use core::hint::black_box;

/// Bytes below the caller that are wiped: more than the calls of a request use, as the campaign of canaries shows.
const DEPTH: usize = 32 * 1024;

/// Wipes the stack below the caller. For threads that are about to wait: it takes about a microsecond.
#[inline(never)]
pub fn wipe_stack() {
    let mut below = [0_u8; DEPTH];
    // The array is written although nothing reads it.
    black_box(&mut below);
}
