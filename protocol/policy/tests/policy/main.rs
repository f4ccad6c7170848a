//! The policy table judged from outside: the committed cases, back ends that read paths in their own ways,
//! a linear scan that says the same, and faulty files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod backends;
mod cases;
mod every_reading;
mod faults;
mod handed;
mod hostile;
mod inputs;
mod linear;
mod mutation;
mod mutators;
mod oracle;
mod random;
mod request;
mod rules;
