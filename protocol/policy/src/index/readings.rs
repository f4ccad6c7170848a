//! What a walk along all readings works on.

use crate::reading::{Choices, Names, View};

/// The readings of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readings<'r, B, const BOUNDS: usize, const NAMES: usize> {
    pub(crate) view: View<'r>,
    pub(crate) choices: &'r Choices<B, BOUNDS>,
    pub(crate) names: &'r Names<B, NAMES>,
}
