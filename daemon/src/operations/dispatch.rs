//! From a frame to the operation that serves it, and back.
//!
//! | module | has |
//! |---|---|
//! | `route` | a frame to its operation; the outcome |
//! | `serve` | the daemon's half of a row: how an operation is performed, and when its answer waits |
//! | `turns` | whose turn it is for costly work |
//! | `descriptors` | those that callers are given |
//! | `daemon` | everything needed to answer requests; the caller |

pub(crate) mod daemon;
pub(crate) mod descriptors;
pub(crate) mod route;
pub(super) mod serve;
pub(super) mod turns;
