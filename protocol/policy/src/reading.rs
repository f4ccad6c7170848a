//! All readings of a path at once: its text decoded and folded as far as any server goes, with marked choices.
//!
//! `%HH` and `%uHHHH` are replaced until none is left, characters become what they fold to, and characters that
//! some server drops are dropped. That form is unique, because no two of these steps apply to the same bytes.
//! All other differences between servers are at the *bounds*, the positions where a segment may end: a bound
//! may split two segments, may be plain text inside one, and the path may end there, in any combination. See
//! RULES.md.

mod bounds;
mod build;
mod choices;
mod names;
mod view;

pub(crate) use bounds::Bounds;
pub(crate) use build::TooLong;
pub(crate) use choices::Choices;
pub(crate) use names::{Beginning, Names, may_be};
pub(crate) use view::{
    FEW_BOUNDS, Kind, LONG_NAMES, LONG_STATES, LONG_TEXT, MORE_BOUNDS, Read, Reading, SHORT_NAMES,
    SHORT_STATES, SHORT_TEXT, View, token,
};
