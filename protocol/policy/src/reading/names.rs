//! The literals that a segment of a reading may be.

mod beginnings;
mod compare;
mod scan;

pub(crate) use beginnings::{Beginning, Names};
pub(crate) use compare::may_be;
