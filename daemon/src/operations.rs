//! The operations: what the daemon does, request by request, independent of caller and transport.
//!
//! | module | has |
//! |---|---|
//! | `dispatch` | from a frame to its operation |
//! | `permit` | permission as a value |
//! | `validation` | whether a key is valid, and an operation allowed |
//! | `lifecycle` | generate, save, retrieve, and what revokes a key |
//! | `inspection` | status, lists, the audit, counters |
//! | `policy`, `reload` | the policy table and the rights in force |
//! | `caching` | what clients that cache request |
//! | `upkeep` | housekeeping, backup, shutdown |
//! | `service` | the open keystore, its settings, and how it waits |
//! | `state` | what is kept in memory |

mod caching;
pub(crate) mod dispatch;
mod error;
mod inspection;
mod lifecycle;
mod permit;
mod policy;
pub(crate) mod reload;
mod service;
pub(crate) mod state;
#[cfg(test)]
mod tests;
pub(crate) mod upkeep;
mod validation;

pub use apikeyd_keystore::{Disk, OpenError, OpenErrorClass, StorageBackend};
pub use error::{ErrorKind, ServiceError};
pub use inspection::Condition;
pub use permit::{Permit, Standing, authorise};
pub(crate) use service::PAGE;
pub use service::{PepperSource, Service, Settings};
pub use validation::Judged;
