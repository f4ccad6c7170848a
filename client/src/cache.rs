//! Cached verdicts: a key that was found valid is accepted again without asking the daemon and without a system call,
//! and never after it was revoked.
//!
//! ```text
//!   validate ─► a [slot] of the [table] ─► the [page](pages) says it is fresh, the [tag] is the key's ─► accepted
//!                 │ no                       │ no
//!                 ▼                          ▼
//!               ask the daemon ─► valid? store it; get the page, or the policy table, if need be
//! ```
//!
//! A slot holds a keyed hash of the key, never its secret. Refusals are not cached. An operation is judged here by a copy of
//! the daemon's [policy] table, but only to allow it: for everything else the daemon is asked, so that every refusal is
//! the daemon's. Why a revoked key is not accepted: `docs/REVOCATION.md`.
//!
//! A hit takes no lock, and writes no memory that other threads are using.

mod clock;
mod counters;
mod fetching;
mod long;
mod mapped;
mod memo;
mod pages;
mod policy;
mod slot;
mod table;
mod tag;
mod uses;
mod verdicts;
mod worker;

pub(crate) use clock::WallClock;
pub use counters::CacheStatistics;
#[cfg(feature = "tokio")]
pub(crate) use fetching::Step;
pub use uses::{MAX_USE_REPORT_INTERVAL, MIN_USE_REPORT_INTERVAL};
pub use verdicts::DEFAULT_CACHE_ENTRIES;
pub(crate) use verdicts::{Cache, KeyAlone, MaybeOperation, Miss, Missing};
