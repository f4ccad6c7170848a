//! Canaries: keys that are taken through every operation and every way to fail, and are then looked for.
//!
//! | where | the secret of a key, and its digest | the pepper | the keys derived from it |
//! |---|---|---|---|
//! | log, audit, database, backup, all other files | never | never but in its own file | never |
//! | memory of the daemon, once the answers are sent | never | never | once, in pages of their own |
//! | a core of the daemon | never | never | never |
//! | memory of a client for threads, once its calls have returned | never, but see below | | |
//!
//! A piece of 16 bytes is enough to be found.
//!
//! Known, counted and said in `docs/TESTING.md`: a client's thread keeps pieces in the dead part of its stack, below
//! the stack pointer, until other calls write over them; and a client for tasks keeps them in memory of futures that
//! have ended, too. Moving a value in Rust copies it, and nobody wipes where it was.
//!
//! | module | holds |
//! |---|---|
//! | `needles` | what is looked for, and the search |
//! | `memory` | reading another process, and its core |
//! | `operations` | what is done with the canaries |
//! | `client` | the client's process |
//! | `places` | the files, and the whole run |

mod client;
pub mod long;
mod memory;
mod needles;
mod operations;
mod places;

pub use client::{Client, Way, main_if_called as client_main_if_called};
pub use memory::{core_of, memory_of};
pub use needles::Needles;
pub use operations::Canary;
pub use places::{Plan, Report, run};
