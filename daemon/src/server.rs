//! Listening and admitting.

mod accept;
mod admission;
mod bind;
mod listening;

pub(crate) use accept::serve;
pub(crate) use admission::Admission;
pub(crate) use bind::BACKLOG;
pub use bind::{BindError, BoundName};
pub use listening::{Listening, bind_configured, inherit};
