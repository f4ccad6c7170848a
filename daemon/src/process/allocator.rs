//! One heap for all threads.

/// Heaps that glibc may make.
#[cfg(target_env = "gnu")]
const ARENAS: core::ffi::c_int = 1;

/// Makes all threads share one heap. glibc gives nearly every thread its own, and keeps in each what its
/// busiest moment took: after half an hour of everything at once, a daemon that used 17 MB held 70, and more
/// with every thread. A validation allocates nothing, so there is no contention.
///
/// Call it before the first thread is started.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "mallopt(3) has no safe wrapper")]
pub(super) fn share_one_heap() {
    // SAFETY: it takes two numbers, and no other thread allocates at the same time.
    if unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) } == 0 {
        tracing::warn!("each thread has its own heap: more memory stays in use");
    }
}

/// Other C libraries have one heap anyway.
#[cfg(not(target_env = "gnu"))]
pub(super) const fn share_one_heap() {}
