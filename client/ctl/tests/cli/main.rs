//! The program itself, in a process of its own: what it prints, where, and how it ends.
//!
//! Where a daemon is needed, a peer of the test speaks its protocol and gives the answers that the test
//! wrote, so that every byte of the output is known, and so that daemons that hang, lie and die can be
//! tried. The true daemon is tried by the tests of the whole house.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must stop"
)]

mod access_log;
mod answers;
mod backup;
mod command_line;
mod documents;
mod generate;
mod keys;
mod policy;
mod program;
mod prompts;
mod pseudo_terminal;
mod reachability;
mod samples;
mod streams;
mod transcripts;
