//! The way to an open database, and a first start that can be cut short anywhere.

pub(crate) mod database;
pub(crate) mod first_start;
pub(crate) mod initial_state;
pub(crate) mod pepper;
