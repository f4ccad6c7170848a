//! What a cached answer must find unchanged in order to be reused: a [page](apikeyd_protocol::page) of numbers,
//! in memory that clients can also read.
//!
//! An answer about a key is cached together with numbers that were read *before* the key was looked up. A
//! revocation is first made durable, then increments the key's number, and only then is answered. So for any
//! validation that starts after the answer:
//!
//! ```text
//!   revocation  commit ─► bump (SeqCst) ─► answer
//!                                             ↓ happens before
//!   validation                             read (Acquire) ─► numbers have changed ─► look up ─► revoked
//! ```
//!
//! A validation that read the number before the bump, and looked up before the commit, caches a number that no
//! later read returns. Revoking a key a second time increments the number as well: the first caller may still
//! be between its commit and its bump, and the second must not be answered before that.
//!
//! Clients may trust a page without its daemon for one lease. A daemon that could not continue with the page of
//! the previous start therefore [waits](Generations::wait_out) that long before the first such answer.

mod file;
mod generations;
mod lease;
mod mark;
mod memory;

pub use apikeyd_protocol::page::AsOf;
pub use file::{PageFault, PageFile};
pub(crate) use generations::open_page;
pub use generations::{Fresh, Generations, Page};
pub use mark::Home;
