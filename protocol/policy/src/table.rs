//! The policy table: what a file says, made ready to judge, and the judgement.

mod judge;
mod rows;

pub use rows::{PolicyTable, SHIPPED};
