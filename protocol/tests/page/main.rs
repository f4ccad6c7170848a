//! The revocation page's algorithm under a model checker: every interleaving of the steps of daemon and client,
//! and every value that a weakly ordered machine may let them read.
//!
//! Each scenario stands twice: as it is, where no accept may start after the revocation was answered, and with
//! one step in the wrong place, which the checker must find. What does not fail in the second form would prove
//! nothing in the first.
#![allow(clippy::panic, reason = "a scenario ends at what may not be")]

mod checked;
mod lost;
mod policy;
mod restart;
mod revoke;
mod rights;
mod words;
