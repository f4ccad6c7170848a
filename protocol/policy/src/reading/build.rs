//! Turns the bytes of a path into its text and bounds.

mod builder;
mod characters;
mod partial;
mod sessions;
#[cfg(test)]
mod tests;
mod triplets;

pub(crate) use builder::TooLong;
