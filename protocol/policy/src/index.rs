//! The templates of a table as a tree, and the walks that find all rows that match a path.

mod build;
mod every;
mod lookup;
mod possible;
mod readings;
mod states;
mod tree;

pub(crate) use every::Parted;
pub(crate) use lookup::{Asked, Found, Index};
pub(crate) use readings::Readings;
