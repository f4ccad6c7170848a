//! The protocol held against bytes that were made without it, good and hostile, and against its document.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod blocks;
mod document;
mod example;
mod frames;
mod golden;
mod greeting;
mod hostile;
mod keys;
mod names;
mod pages;
mod values;
