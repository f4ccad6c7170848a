//! The API-key daemon: a store of hashed keys, served over a Unix socket. The program `apikeyd` is [`main`] and
//! nothing else.
//!
//! # How a request travels
//!
//! ```text
//!   run ─► server ─► connection ─► dispatch ─► service ─┬─► keystore
//!             │                                 │       └─► revocation
//!            peer                               │
//!                                            rights
//! ```
//!
//! | module | on the way of a request |
//! |---|---|
//! | `run` | the process: reads `config`, opens the service, listens, and drains at the end |
//! | [`server`] | accepts, and asks the kernel who is there ([`peer`]); too many are turned away here |
//! | `connection` | greets; bytes to frames and back. The only one that touches the socket's bytes |
//! | `dispatch` | a frame to a request; asks for the permit, then for the operation |
//! | [`rights`] | what the caller may do, by the configuration |
//! | [`service`] | does it, whoever asks: validation from memory, changes through the keystore |
//! | `apikeyd-keystore` | a package of its own: decides what becomes of a key, and makes it durable with its audit row |
//! | [`revocation`] | the numbers by which clients know that a remembered verdict still stands |
//!
//! Imports point from left to right. Beside the way: [`config`] and [`policy_file`] (what people wrote), `reload`
//! (both read again), `systemd`, `logging`, [`exit`] and `traffic` (what others see of the process), `descriptors` (those
//! that callers are handed), `reading` (from a socket), [`parts`] (clock and the like, handed in).
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
