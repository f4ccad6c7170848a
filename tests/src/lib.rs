//! The parts that tests, tour and benchmarks share: a real daemon in a real process, a real command
//! line, processes of other users. What cannot go on panics and says why: that ends the test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a harness that cannot go on has to say so at once and end the test"
)]

pub mod caching_client;
pub mod dropping_client;
pub mod filling;
pub mod multicall;
pub mod shifted_clock;
pub mod shipped;
pub mod stress;
pub mod tour;
pub mod trial;
