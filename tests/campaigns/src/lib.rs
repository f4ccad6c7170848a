//! Campaigns: each one tries, by force and by chance, to make the daemon break a promise.
//!
//! A campaign is a folder here that holds its whole machinery, a test in `tests/short` that runs a small part
//! of it in `cargo test`, and a subcommand of the program `campaigns` that runs it for as long as one likes. What each of them
//! found, and which planted fault shows that it can find one, stands in `docs/TESTING.md`. What cannot go on panics and says why:
//! that is a finding, too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a campaign is a test: it stops where the promise breaks and prints what it saw"
)]

pub mod damage;
pub mod fuzz;
pub mod hostile;
pub mod in_memory;
pub mod kill;
pub mod linearizability;
pub mod power_loss;
pub mod repeatable;
pub mod secrets;
pub mod seeded;
pub mod soak;
pub mod steady_client;
pub mod storage_faults;
pub mod timing;
pub mod withdrawal;
