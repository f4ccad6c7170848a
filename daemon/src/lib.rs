//! The API-key daemon: a keystore of hashed keys, served over a Unix socket. The program `apikeyd` is [`main`]
//! and nothing else.
//!
//! # How a request is processed
//!
//! ```text
//!   process ─► front ─► operations ─┬─► apikeyd-keystore
//!                │          │       ├─► revocation
//!               peer      rights    └─► apikeyd-policy
//! ```
//!
//! | module | does |
//! |---|---|
//! | `process` | reads [`config`], opens the service, listens, and drains at the end |
//! | [`front`] | accepts, and asks the kernel who the caller is ([`peer`]); greets; bytes to frames and back |
//! | [`operations`] | finds the operation of a frame, asks for its permit, performs it: validation from memory, changes through the keystore |
//! | [`rights`] | what the caller may do, according to the configuration |
//! | `apikeyd-keystore` | a separate package: decides changes of keys, and makes them durable with their audit rows |
//! | [`revocation`] | the numbers by which clients know that a cached verdict is still true |
//!
//! Imports point from left to right. Also: `logging` and [`exit`] (the visible side of the process), [`parts`]
//! (clock and the like, passed in).
//!
//! The invariants of each module are in its own documentation; `docs/ARCHITECTURE.md` is the map of all
//! packages.

pub mod config;
#[doc(hidden)]
pub mod embedded;
pub mod exit;
pub mod front;
mod logging;
pub mod operations;
pub mod parts;
pub mod peer;
mod process;
pub mod revocation;
pub mod rights;

pub use process::main;
