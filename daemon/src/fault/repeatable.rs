//! Stores that repeat exactly what they did: for campaigns that must find a failure again by its seed.
//!
//! What is set here holds for the calling thread and the stores that it opens from then on.

use std::cell::RefCell;

thread_local! {
    static RANDOMNESS: RefCell<Option<blake3::OutputReader>> = const { RefCell::new(None) };
}

/// From now on random bytes come from this seed, and stores decide, commit and answer on the thread that asks:
/// what is queued when a caller waits is one batch.
#[doc(hidden)]
pub fn repeat_from(seed: u64) {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    RANDOMNESS.set(Some(hasher.finalize_xof()));
}

/// Whether stores are opened to repeat.
pub(crate) fn is_repeatable() -> bool {
    RANDOMNESS.with_borrow(Option::is_some)
}

/// Fills in the next bytes from the seed, if there is one.
pub(crate) fn fill(out: &mut [u8]) -> bool {
    RANDOMNESS
        .with_borrow_mut(|randomness| randomness.as_mut().map(|randomness| randomness.fill(out)).is_some())
}
