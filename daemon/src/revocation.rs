//! What a remembered answer must find unchanged to be used again: a [page](apikeyd_protocol::page) of numbers,
//! in memory that clients can read, too.
//!
//! An answer on a key is remembered together with numbers that were read *before* the key was looked up.
//! Whoever ends a key makes the end durable first, then moves the key's number on, and only then answers. So
//! for any validation that starts after the answer:
//!
//! ```text
//!   ending      commit ─► bump (SeqCst) ─► answer
//!                                             ↓ happens before
//!   validation                             read (Acquire) ─► other numbers than remembered ─► look up ─► ended
//! ```
//!
//! and a validation that read the number before the bump, and looked up before the commit, remembers a number
//! that no later read gives. A number is moved also when a key is ended a second time: the first caller may
//! still be between its commit and its bump, and the second must not be answered before.
//!
//! Clients may trust a page without its daemon for one lease. A daemon that could not go on with the page of
//! the start before therefore [waits](Generations::wait_out) that long before the first such answer.

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
