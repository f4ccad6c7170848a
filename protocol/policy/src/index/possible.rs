//! The walk that follows all readings of a path at once.

use super::{Asked, Found, Index, Node};
use crate::reading::{Bounds, Choices, Names, View, each};

/// What the readings of a path are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readings<'r, const BOUNDS: usize, const NAMES: usize> {
    pub(crate) view: View<'r>,
    pub(crate) choices: &'r Choices<BOUNDS>,
    pub(crate) names: &'r Names<NAMES>,
}

impl Index {
    /// All rows that some reading of the path meets. Rows that allow are looked for only if asked for.
    pub(crate) fn find_possible<const BOUNDS: usize, const NAMES: usize>(
        &self,
        readings: &Readings<'_, BOUNDS, NAMES>,
        asked: Asked,
        allowing: bool,
        found: &mut Found,
    ) {
        let mut walk = Walk { readings, asked, allowing, found, closed: Memo::EMPTY, filled: Memo::EMPTY };
        walk.visit(&self.root, readings.choices.root);
    }
}

struct Walk<'w, 'r, const BOUNDS: usize, const NAMES: usize> {
    readings: &'w Readings<'r, BOUNDS, NAMES>,
    asked: Asked,
    allowing: bool,
    found: &'w mut Found,
    closed: Memo,
    filled: Memo,
}

/// What came of some sets of bounds: in a large table many nodes have the same.
struct Memo([(Bounds, Bounds); MEMO]);

const MEMO: usize = 16;

impl Memo {
    const EMPTY: Self = Self([(0, 0); MEMO]);

    /// What comes of a set that is not empty.
    fn get(&mut self, set: Bounds, made: impl FnOnce() -> Bounds) -> Bounds {
        let folded = u64::try_from((set ^ set >> 64) & Bounds::from(u64::MAX)).unwrap_or_default();
        let place = folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - MEMO.ilog2());
        let Some(place) = usize::try_from(place).ok().and_then(|place| self.0.get_mut(place)) else {
            return made();
        };
        if place.0 != set {
            *place = (set, made());
        }
        place.1
    }
}

impl<const BOUNDS: usize, const NAMES: usize> Walk<'_, '_, BOUNDS, NAMES> {
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
            let ends = || each(starts).fold(0, |ends, start| ends | choices.start(start).filled);
            let ends = self.filled.get(starts, || choices.closed(ends()));
            self.visit(child, ends);
        }
        if !node.literals.is_empty() {
            self.visit_beginnings(node, starts);
            self.visit_names(node, starts);
        }
    }

    /// Visits a node whose last segment may end at each of the bounds.
    fn visit_at(&mut self, node: &Node, ends: Bounds) {
        let choices = self.readings.choices;
        let bounds = if ends == 0 { 0 } else { self.closed.get(ends, || choices.closed(ends)) };
        self.visit(node, bounds);
    }

    fn visit_names(&mut self, node: &Node, starts: Bounds) {
        let Readings { view, names, .. } = *self.readings;
        for name in names.each(starts) {
            let text = name.text(view);
            // One at most, unless the table is case-sensitive.
            for literal in node.literals_for(text) {
                let is_begun = |literal: &[u8]| {
                    names.each_beginning(starts).any(|beginning| literal.starts_with(beginning.text(view)))
                };
                if !is_begun(&literal.folded) {
                    self.visit_at(&literal.node, name.ends(starts));
                }
            }
        }
    }

    fn visit_beginnings(&mut self, node: &Node, starts: Bounds) {
        let Readings { view, names, .. } = *self.readings;
        for (place, beginning) in names.each_beginning(starts).enumerate() {
            let text = beginning.text(view);
            let earlier = || names.each_beginning(starts).take(place).map(|earlier| earlier.text(view));
            if earlier().any(|earlier| text.starts_with(earlier)) {
                continue;
            }
            for literal in node.literals_from(text) {
                // Whole branches are passed over before anything is compared.
                if self.changes_nothing(&literal.node, starts)
                    || earlier().any(|earlier| literal.folded.starts_with(earlier))
                {
                    continue;
                }
                let ends = names.ends(view, starts, literal.key, &literal.folded);
                self.visit_at(&literal.node, ends);
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
        self.found.note_possible(end);
    }
}
