//! The API-key daemon: a keystore of hashed keys, served over a Unix socket. The program `apikeyd` is [`main`] and
//! nothing else.
//!
//! # How a request travels
//!
//! ```text
//!   process ─► front ─► operations ─┬─► apikeyd-keystore
//!                │          │       ├─► revocation
//!               peer      rights    └─► apikeyd-policy
//! ```
//!
//! | module | on the way of a request |
//! |---|---|
//! | `process` | reads [`config`], opens the service, listens, and drains at the end |
//! | [`front`] | accepts, and asks the kernel who is there ([`peer`]); greets; bytes to frames and back |
//! | [`operations`] | finds the operation of a frame, asks for its permit, does it: validation from memory, changes through the keystore |
//! | [`rights`] | what the caller may do, by the configuration |
//! | `apikeyd-keystore` | a package of its own: decides what becomes of a key, and makes it durable with its audit row |
//! | [`revocation`] | the numbers by which clients know that a remembered verdict is still true |
//!
//! Imports point from left to right. Beside the way: `logging` and [`exit`] (what others see of the process), [`parts`]
//! (clock and the like, handed in).
//!
//! What each of them must keep true stands in its own documentation; `docs/ARCHITECTURE.md` is the map of all packages.

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
