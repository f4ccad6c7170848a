//! Round trips of every message, and nothing that makes a reader panic.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "tests")]

mod bytes;
mod keys;
mod messages;
mod validate;
mod values;
