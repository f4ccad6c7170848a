//! Both clients against a daemon that does what a test scripts: a real socket, real frames, and every fault.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unexpected ends there"
)]

mod answers;
mod asker;
mod caching;
mod connecting;
mod descriptors;
mod paged;
#[cfg(feature = "tokio")]
mod pipelining;
mod pooling;
mod presented;
mod processes;
mod public_list;
mod trust;
