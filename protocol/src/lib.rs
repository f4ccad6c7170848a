//! What a client of `apikeyd` and the daemon have to agree on, and nothing else.
//!
//! ```text
//!   client                                                            daemon
//!     │  Hello (fixed layout, frozen)                       [hello]     │
//!     │ ───────────────────────────────────────────────────────────►    │
//!     │                                     Welcome or a refusal        │
//!     │ ◄───────────────────────────────────────────────────────────    │
//!     │  ┌ len u32 ┬ opcode u16 ┬ 0 u16 ┬ request id u64 ┐ body         │
//!     │ ─┴─────────┴────────────┴───────┴────────────────┴──────────►   │  [frame] [message]
//!     │  ┌ len u32 ┬ opcode u16 ┬ status ┬ request id u64 ┐ body        │
//!     │ ◄┴─────────┴────────────┴────────┴────────────────┴──────────   │
//! ```
//!
//! The crate does no IO, reads no clock and asks for no randomness: time and random bytes are
//! arguments. The bytes are specified in `PROTOCOL.md` beside this crate; its examples run as tests.
//!
//! | module | holds |
//! |---|---|
//! | [`key`] | the text of a key, its id, its digest |
//! | [`name`] | user ids and labels, parsed once at the edge |
//! | [`term`] | states, causes, actors, events: the vocabulary, without an encoding |
//! | [`text`] | what forges a display |
//! | [`time`] | points in time as they travel and are stored |
//! | [`limit`] | every bound of the protocol, in one place |
//! | [`hello`] | the greeting that every version can read |
//! | [`frame`] | header, status codes, splitting bytes into frames |
//! | [`operation`] | the operations, one row each: opcode, right, request, answer |
//! | [`message`] | one type for each body |
//! | [`right`] | what a caller may ask for |
//! | [`socket`] | where the daemon listens |
//! | [`page`] | the revocation page: how a cached verdict is known to stand |
//! | [`codec`] | the only module that names the body encoding |

pub mod codec;
pub mod frame;
pub mod hello;
pub mod key;
pub mod limit;
pub mod message;
pub mod name;
pub mod operation;
pub mod page;
pub mod right;
pub mod socket;
pub mod term;
pub mod text;
pub mod time;
