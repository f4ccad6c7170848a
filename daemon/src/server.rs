//! Listening and admitting.

mod bind;
mod listening;

pub(crate) use bind::BACKLOG;
pub use bind::{BindError, BoundName};
pub use listening::{Listening, bind_configured, inherit};
