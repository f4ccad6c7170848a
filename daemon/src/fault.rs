//! A daemon that is wrong on purpose, to see that tests notice. Only with the feature `fault-injection`, which
//! only the packages of tests ask for, and only in a process that calls [`main_with_late_bumps`] or
//! [`main_with_planted_fault`], or on a thread that calls [`plant`]: the program `apikeyd` does none of it.

mod planted;

pub(crate) use planted::is_planted;
pub use planted::{FAULT_VARIABLE, Planted, main_with_planted_fault, plant};

use crate::parts::Parts;
use crate::revocation::Generations;
use apikeyd_protocol::key::KeyId;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

static BUMPS_ARE_LATE: AtomicBool = AtomicBool::new(false);

/// [`main`](crate::main) of a daemon that ends keys durably, answers, and only then moves their generations on:
/// with its next change.
#[doc(hidden)]
#[must_use]
pub fn main_with_late_bumps() -> ExitCode {
    BUMPS_ARE_LATE.store(true, Ordering::Relaxed);
    crate::main(Parts::system())
}

/// Moves the generations of these keys on; with the fault, those of the change before.
pub(crate) fn bump(generations: &Generations, touched: &[KeyId]) {
    static LATE: Mutex<Vec<KeyId>> = Mutex::new(Vec::new());
    if !BUMPS_ARE_LATE.load(Ordering::Relaxed) {
        touched.iter().for_each(|key_id| generations.bump(*key_id));
        return;
    }
    let mut late = LATE.lock().unwrap_or_else(PoisonError::into_inner);
    let due = std::mem::replace(&mut *late, touched.to_vec());
    due.iter().for_each(|key_id| generations.bump(*key_id));
}
