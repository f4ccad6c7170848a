//! The short form of every campaign.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test stops where the promise breaks"
)]

mod corpora;
mod damage;
mod host_faults;
mod hostile;
mod kill;
mod linearizability;
mod power_loss;
mod secrets;
mod sequence_lock;
mod soak;
mod storage_faults;
mod threats;
mod timing;
mod withdrawal;
