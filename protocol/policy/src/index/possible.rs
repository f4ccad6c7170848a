//! The walk that follows all readings of a path at once.

use super::{Asked, Found, Index, Node, note};
use crate::Effect;
use crate::reading::{Bounds, Choices, Names, View, each};

/// What the readings of a path are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readings<'r, const BOUNDS: usize> {
    pub(crate) view: View<'r>,
    pub(crate) choices: &'r Choices<BOUNDS>,
    pub(crate) names: &'r Names,
}

impl Index {
    /// All rows that some reading of the path meets. Rows that allow are looked for only if asked for.
    pub(crate) fn find_possible<const BOUNDS: usize>(
        &self,
        readings: &Readings<'_, BOUNDS>,
        asked: Asked,
        allowing: bool,
        found: &mut Found,
    ) {
        let mut walk = Walk { readings, asked, allowing, found };
        walk.visit(&self.root, readings.choices.root);
    }
}

struct Walk<'w, 'r, const BOUNDS: usize> {
    readings: &'w Readings<'r, BOUNDS>,
    asked: Asked,
    allowing: bool,
    found: &'w mut Found,
}

impl<const BOUNDS: usize> Walk<'_, '_, BOUNDS> {
    /// Visits a node whose template the path may have been read as up to each of the bounds.
    fn visit(&mut self, node: &Node, bounds: Bounds) {
        if bounds == 0 || self.changes_nothing(node, bounds) {
            return;
        }
        let choices = self.readings.choices;
        if bounds & choices.ending != 0 {
            node.ends.iter().for_each(|end| self.note(end));
        }
        let starts = bounds & choices.parting;
        if starts == 0 {
            return;
        }
        if let Some(child) = &node.parameter {
            let ends = each(starts).fold(0, |ends, start| ends | choices.start(start).filled);
            self.visit(child, choices.closed(ends));
        }
        if !node.literals.is_empty() {
            self.visit_beginnings(node, starts);
            self.visit_names(node, starts);
        }
    }

    fn visit_names(&mut self, node: &Node, starts: Bounds) {
        let Readings { view, choices, names } = *self.readings;
        for name in names.each(starts) {
            let text = name.text(view);
            // One at most, unless the table is case-sensitive.
            for literal in node.literals_for(text) {
                let is_begun = |literal: &[u8]| {
                    names.each_beginning(starts).any(|beginning| literal.starts_with(beginning.text(view)))
                };
                if !is_begun(&literal.folded) {
                    self.visit(&literal.node, choices.closed(name.ends(starts)));
                }
            }
        }
    }

    fn visit_beginnings(&mut self, node: &Node, starts: Bounds) {
        let Readings { view, choices, names } = *self.readings;
        for (place, beginning) in names.each_beginning(starts).enumerate() {
            let text = beginning.text(view);
            for literal in node.literals_from(text) {
                let mut earlier = names.each_beginning(starts).take(place);
                if earlier.any(|earlier| literal.folded.starts_with(earlier.text(view))) {
                    continue;
                }
                let ends = names.ends(view, starts, literal.key, &literal.folded);
                self.visit(&literal.node, choices.closed(ends));
            }
        }
    }

    /// True when no row at the node or below can be met, or one that is would not be told.
    fn changes_nothing(&self, node: &Node, bounds: Bounds) -> bool {
        let methods = self.asked.certain | self.asked.possible;
        let first = usize::try_from(bounds.trailing_zeros()).unwrap_or_default();
        let most = self.readings.view.bounds.len().saturating_sub(first + 1).min(127);
        // A template ends here or at most so many segments below.
        let is_too_deep = node.depths << (127 - most) == 0;
        let has_nearer = !self.allowing && self.found.may_deny.is_some_and(|row| row < node.first_deny);
        is_too_deep
            || has_nearer
            || !self.allowing && node.first_deny == usize::MAX
            || (node.methods & methods).is_empty()
    }

    fn note(&mut self, end: &super::End) {
        if (end.methods & (self.asked.certain | self.asked.possible)).is_empty() {
            return;
        }
        match end.effect {
            Effect::Deny => note(&mut self.found.may_deny, end.row),
            Effect::Allow => note(&mut self.found.may_allow, end.row),
        }
    }
}
