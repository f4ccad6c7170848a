//! The service and its store: on real files, with a clock that stands still, and on disks that fail.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

mod house;

mod audit;
mod backup;
mod caching;
mod clock;
mod drafts;
mod failing_disk;
mod life;
mod model;
mod opening;
mod permission;
mod policy;
mod tampering;
