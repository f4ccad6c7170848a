//! From a frame to the operation that serves it, and back.
//!
//! | module | holds |
//! |---|---|
//! | `route` | a frame to its operation; what becomes of it |
//! | `serve` | the daemon's half of a row: how an operation is carried out, and when its answer waits |
//! | `turns` | whose turn it is for what costs much |
//! | `descriptors` | those that callers are handed |
//! | `daemon` | everything that requests are answered with; who asks |

pub(crate) mod daemon;
pub(crate) mod descriptors;
pub(crate) mod route;
pub(super) mod serve;
pub(super) mod turns;
