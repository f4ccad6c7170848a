//! The whole house, from outside: real daemons in real processes, real sockets, files and users.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and says why it was skipped"
)]

mod architecture;
mod bench;
mod callers;
mod documents;
mod drafts;
mod dropping;
mod idling;
mod last_used;
mod layout;
mod lifecycle;
mod mutants;
mod policy;
mod readme;
mod revocation;
mod secrets;
mod shutdown;
mod support;
mod unsafe_blocks;
