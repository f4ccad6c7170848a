//! The daemon from its socket's side: a real process, and callers that keep to the protocol or do not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    missing_docs,
    reason = "a failed expectation is a failed test"
)]

mod descriptors;
mod files;
mod frames;
mod greeting;
mod identity;
mod leaving;
mod limits;
mod patience;
mod process;
mod running;
mod service_manager;
mod stop;
mod uses;
