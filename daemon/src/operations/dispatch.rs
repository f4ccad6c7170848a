//! From a frame to the operation that serves it, and back.
//!
//! | module | holds |
//! |---|---|
//! | `route` | a frame to its operation; what becomes of it |
//! | `serve` | the daemon's half of a row: how an operation is carried out |
//! | `reply` | one answer, and the status that each kind of failure is on the wire |
//! | `holding` | which answers wait after the loss of the revocation page |
//! | `turns`, `per_uid` | whose turn it is for what costs much |
//! | `descriptors` | those that callers are handed |
//! | `caller`, `presence` | who asks, and whether it still waits |
//! | `daemon` | everything that requests are answered with |

pub(crate) mod caller;
pub(crate) mod daemon;
pub(crate) mod descriptors;
pub(super) mod holding;
mod per_uid;
pub(crate) mod presence;
mod reply;
pub(crate) mod route;
pub(super) mod serve;
mod stack;
pub(super) mod turns;
