//! What the tests of all packages share, each thing once.
//!
//! It depends on the protocol alone, so that every package may take it as a dev-dependency. What cannot go on panics and says
//! why: that ends the test. What a caller may want to go on after is a `try_…` with a result.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a kit that cannot go on says so at once and ends the test"
)]

pub mod answers;
pub mod bytes;
pub mod ctl;
pub mod daemon;
pub mod fake_daemon;
pub mod life;
pub mod programs;
pub mod raw_client;
pub mod replies;
pub mod scratch;
pub mod script;
pub mod small_disk;
pub mod users;
