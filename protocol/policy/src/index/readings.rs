//! What a walk along all readings goes by.

use crate::reading::{Choices, Names, View};

/// What the readings of a path are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readings<'r, B, const BOUNDS: usize, const NAMES: usize> {
    pub(crate) view: View<'r>,
    pub(crate) choices: &'r Choices<B, BOUNDS>,
    pub(crate) names: &'r Names<B, NAMES>,
}
