//! The keystore of `apikeyd`: who has which key, what happened to it, and the proof of both.
//!
//! ```text
//!   Keystore ──► writing ──► database ──► domain
//!       │           │           │
//!       │           │           └──► secrets (the pepper's keys)
//!       └──► first_start ──► opening ──► state_dir, disk
//! ```
//!
//! | module | has |
//! |---|---|
//! | [`domain`] | the rules of a key's life: pure |
//! | `keystore` | the open keystore: reads, writes, copies |
//! | `writing` | whose turn it is, the one transaction, and what happens when the disk fails |
//! | `database` | tables, the bytes of their values, a view to read, a batch to write, a copy. Only these three name redb: `database`, `writing`, `opening` |
//! | `audit` | verifying the chain of audit rows |
//! | `first_start` | telling a first start from a lost file; the pepper |
//! | `opening` | making a database, and opening one that must be ours |
//! | `state_dir`, [`disk`](Disk) | the directory and its files, opened safely; a disk that a campaign passes in |
//! | `secrets` | the keys derived from the pepper, in locked memory |
//! | [`parts`] | randomness and the writer's executor, passed in |
//!
//! The package opens no socket, knows no wire messages, and runs on no async runtime: a queued change is
//! answered by a callback. It reads no wall clock: the time comes with each request.

mod audit;
#[doc(hidden)]
pub mod codecs;
mod database;
mod disk;
pub mod domain;
mod error;
mod first_start;
mod keystore;
mod open_error;
mod opening;
mod pace;
pub mod parts;
mod secrets;
mod state_dir;
mod writing;

pub use audit::ChainReport;
pub use database::batch::{Batch, Effects};
pub use database::schema::Head;
pub use database::view::{RecordPage, View};
pub use disk::Disk;
pub use error::StoreError;
pub use first_start::PepperSource;
pub use keystore::{Keystore, Unobserved};
pub use open_error::{OpenError, OpenErrorClass};
pub use opening::InitialState;
pub use pace::Pace;
/// What a [`Disk`] provides: the database's bytes.
pub use redb::StorageBackend;
pub use secrets::{Secrets, wipe_stack};
pub use writing::backup::Copy;
pub use writing::lanes::Ticket;
pub use writing::shared::Observer;
