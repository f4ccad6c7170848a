//! The way in: sockets, callers, connections, frames.
//!
//! | module | holds |
//! |---|---|
//! | `listening`, `inherited` | a socket that listens, the daemon's own or the service manager's |
//! | `accept`, `admission` | who is let in, and how many |
//! | `connection` | greets; bytes to frames and back. The only one that touches the bytes of a connection |
//! | `reading` | reading a socket into memory that is not cleared first |

mod accept;
mod admission;
pub(crate) mod connection;
mod inherited;
mod listening;
pub(crate) mod reading;

pub(crate) use accept::serve;
pub(crate) use admission::Admission;
pub use listening::{BindError, BoundName, Listening, bind_configured, inherit};
