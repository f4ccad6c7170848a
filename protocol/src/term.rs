//! The shared vocabulary: states, causes, actors, events.
//!
//! No encoding is defined here. Messages define how a term is written on the wire, the keystore how it is
//! stored.

mod audit;
mod key;

pub use audit::{Actor, AuditEvent, AuditFault, AuditHead, AuditRow};
pub use key::{CredentialsCause, KeyState, RevocationCause, SaveMode};
