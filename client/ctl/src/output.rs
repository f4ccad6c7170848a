//! Standard output for answers, standard error for notes.

mod members;
mod rows;
pub(crate) mod time;
mod writer;

pub(crate) use members::Members;
pub(crate) use rows::Rows;
pub(crate) use writer::{Color, Output, Tone, write_help};
