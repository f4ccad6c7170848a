//! Parts with which a run on one thread repeats exactly what it did, so that a seed finds a failure again.

use apikeyd::parts::{Executor, Parts, Randomness};
use std::sync::{Mutex, PoisonError};

/// The system's clock, the seed's random bytes, and a writer that is driven by those who wait for it: what is queued
/// when a caller waits is one batch.
#[must_use]
pub fn parts(seed: u64) -> Parts {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    let bytes = Mutex::new(hasher.finalize_xof());
    let fill = move |out: &mut [u8]| bytes.lock().unwrap_or_else(PoisonError::into_inner).fill(out);
    Parts::system().with_randomness(Randomness::from_fn(fill)).with_executor(Executor::Caller)
}
