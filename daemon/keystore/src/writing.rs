//! Writing: whose turn it is, the transaction, and what happens when the disk fails under it.
//!
//! ```text
//!   readers ──► View ────────────┐            ┌──► an Overlay, while the disk fails
//!                                ├─► Shared ──┤
//!   commands ─► lanes ─► writer ─┘            └──► the database, on a Disk
//!                        └► Batch: facts out, changes in, one transaction
//! ```

pub(crate) mod backup;
pub(crate) mod lanes;
pub(crate) mod shared;
pub(crate) mod writer;
