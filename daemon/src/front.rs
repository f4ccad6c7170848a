//! The way in: sockets, callers, connections, frames.
//!
//! | module | has |
//! |---|---|
//! | `listening`, `inherited` | a listening socket, the daemon's own or the service manager's |
//! | `accept`, `admission` | who may connect, and how many |
//! | `connection` | the greeting; bytes to frames and back. The only module that touches the bytes of a connection |
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
