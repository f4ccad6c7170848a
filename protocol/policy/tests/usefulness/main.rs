//! The other half of a deny list: what it must not refuse. Operations of public APIs with realistic parameters, under
//! tables that deny some of each API's own administration; `tests/corpora/README.md` says where they come from.
//!
//! `cargo test -p apikeyd-policy --test usefulness -- --nocapture` prints the share of refusals for each API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and this one shows figures"
)]

mod administration;
mod corpus;
mod refusals;
mod share;
