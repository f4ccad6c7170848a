//! Everything that a client of `apikeyd` and the daemon must agree on, and nothing else.
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
//! The crate does no IO, reads no clock and draws no random numbers: time and random bytes are arguments.
//! `PROTOCOL.md` beside this crate specifies the bytes; its examples run as tests.
//!
//! | module | has |
//! |---|---|
//! | [`key`] | the text of a key, its id, its digest |
//! | [`name`] | user ids and labels, parsed once at the edge |
//! | [`term`] | states, causes, actors, events: the vocabulary, without an encoding |
//! | [`text`] | characters that forge a display |
//! | [`time`] | points in time as they are sent and stored |
//! | [`limit`] | every limit of the protocol, in one place |
//! | [`hello`] | the greeting that every version can read |
//! | [`frame`] | header, status codes, splitting bytes into frames |
//! | [`operation`] | the operations, one row each: opcode, right, request, answer |
//! | [`message`] | one type for each body |
//! | [`right`] | what a caller may request |
//! | [`socket`] | where the daemon listens |
//! | [`page`] | the revocation page: how a client knows that a cached verdict is still true |
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
