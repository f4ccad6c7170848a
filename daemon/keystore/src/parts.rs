//! The parts that the keystore does not have of itself: random bytes, and who runs the writer.
//!
//! The time comes with each request. The disk is a part as well: the state directory, or a
//! [`Disk`](crate::Disk) that a campaign hands in.

mod executor;
mod randomness;

pub use executor::Executor;
pub use randomness::Randomness;
