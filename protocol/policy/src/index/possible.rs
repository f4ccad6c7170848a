//! The walk that follows all readings of a path at once.

use super::states::{State, States, Step};
use super::tree::Edge;
use super::{Asked, End, Found, Index, Node, Tree};
use crate::reading::{Beginning, Bounds, Choices, Names, View, may_be};

/// At a node with at most this many literals each is looked up among the names of a path, not the names among them.
const FEW: usize = 4;

/// What the readings of a path are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readings<'r, const BOUNDS: usize, const NAMES: usize> {
    pub(crate) view: View<'r>,
    pub(crate) choices: &'r Choices<BOUNDS>,
    pub(crate) names: &'r Names<NAMES>,
}

impl Index {
    /// All rows that some reading of the path meets. Whether rows allow is looked for only if asked for.
    pub(crate) fn find_possible<const BOUNDS: usize, const NAMES: usize, const STATES: usize>(
        &self,
        readings: &Readings<'_, BOUNDS, NAMES>,
        asked: Asked,
        allowing: bool,
        found: &mut Found,
    ) {
        let mut states = States::<STATES, NAMES>::EMPTY;
        let root = states.of(readings.choices.root, readings);
        let tree = &self.tree;
        let mut walk = Walk { tree, readings, asked, allowing, found, states: &mut states };
        if let Some(node) = tree.root() {
            walk.visit(node, &root);
        }
    }
}

struct Walk<'w, 'r, const BOUNDS: usize, const NAMES: usize, const STATES: usize> {
    tree: &'w Tree,
    readings: &'w Readings<'r, BOUNDS, NAMES>,
    asked: Asked,
    allowing: bool,
    found: &'w mut Found,
    states: &'w mut States<STATES, NAMES>,
}

impl<const BOUNDS: usize, const NAMES: usize, const STATES: usize> Walk<'_, '_, BOUNDS, NAMES, STATES> {
    /// Visits a node whose template the path may have been read as up to each bound of a state.
    fn visit(&mut self, node: &Node, state: &State) {
        if self.changes_nothing(node, state.left) {
            return;
        }
        let tree = self.tree;
        if state.ends {
            tree.ends(node).iter().for_each(|end| self.note(end));
        }
        if let Some(child) = tree.parameter(node) {
            self.visit_after(child, state, Step::Parameter);
        }
        if state.begins {
            self.visit_names_beside_beginnings(node, state);
            self.visit_beginnings(node, state);
            return;
        }
        let edges = tree.edges(node);
        if edges.len() <= FEW {
            for edge in edges {
                if let Some(place) = self.readings.names.place(edge.number) {
                    self.visit_child(edge, state, Step::Name(place));
                }
            }
        } else {
            for (place, number) in self.readings.names.each(state.starts) {
                for edge in tree.edges_of(node, number) {
                    self.visit_child(edge, state, Step::Name(place));
                }
            }
        }
    }

    fn visit_child(&mut self, edge: &Edge, state: &State, step: Step) {
        if let Some(child) = self.tree.child(edge) {
            self.visit_after(child, state, step);
        }
    }

    fn visit_after(&mut self, node: &Node, state: &State, step: Step) {
        if !self.changes_nothing(node, state.left >> 1) {
            let next = self.states.after(state, step, self.readings);
            self.visit(node, &next);
        }
    }

    fn visit_names_beside_beginnings(&mut self, node: &Node, state: &State) {
        let (tree, Readings { view, names, .. }) = (self.tree, *self.readings);
        for (place, number) in names.each(state.starts) {
            for edge in tree.edges_of(node, number) {
                let text = tree.text(edge);
                let mut beginnings = names.each_beginning(state.starts);
                if !beginnings.any(|beginning| beginning.ends(view, state.starts, text) != 0) {
                    self.visit_child(edge, state, Step::Name(place));
                }
            }
        }
    }

    fn visit_beginnings(&mut self, node: &Node, state: &State) {
        let (tree, Readings { view, names, .. }) = (self.tree, *self.readings);
        // What may be anything first: once that has met a row, most of the others need not be compared.
        for is_compared in [false, true] {
            for (place, beginning) in names.each_beginning(state.starts).enumerate() {
                if beginning.is_compared != is_compared || self.changes_nothing(node, state.left) {
                    continue;
                }
                let edges = tree.edges_from(node, beginning.text(view));
                let mut last = None;
                let mut visit = |edge: &Edge| self.visit_begun(edge, state, (place, beginning), &mut last);
                if is_compared {
                    may_be(view, beginning, edges, &|edge| tree.text(edge), &mut visit);
                } else {
                    edges.iter().for_each(visit);
                }
            }
        }
    }

    /// Visits a literal that a segment with a beginning may be, if none of those before it may be that. `last` is what
    /// came of the last literal.
    fn visit_begun(
        &mut self,
        edge: &Edge,
        state: &State,
        (place, beginning): (usize, &Beginning),
        last: &mut Option<(Bounds, State)>,
    ) {
        // Whole branches are passed over before anything is compared.
        let child = self.tree.child(edge).filter(|child| !self.changes_nothing(child, state.left >> 1));
        let Some(child) = child else { return };
        let Readings { view, names, choices } = *self.readings;
        let (starts, text) = (state.starts, self.tree.text(edge));
        let is_it = |beginning: &Beginning| beginning.ends(view, starts, text) != 0;
        let comes_before = |(at, other): (usize, &Beginning)| {
            let is_earlier =
                if other.is_compared == beginning.is_compared { at < place } else { beginning.is_compared };
            is_earlier && is_it(other)
        };
        if !is_it(beginning) || names.each_beginning(starts).enumerate().any(comes_before) {
            return;
        }
        let ends = names.ends(view, starts, edge.number, text);
        let next = match last {
            Some((of, next)) if *of == ends => *next,
            _ => self.states.of(choices.closed(ends), self.readings),
        };
        *last = Some((ends, next));
        self.visit(child, &next);
    }

    /// True when no row at the node or below can match with this many more segments, or a match would change nothing.
    fn changes_nothing(&self, node: &Node, left: u128) -> bool {
        let methods = self.asked.certain | self.asked.possible;
        // That some row allows is all that is asked of those that allow.
        let only_deny = !self.allowing || self.found.may_allow;
        node.depths & left == 0
            || only_deny && !node.denies_before(self.found.may_deny)
            || (node.methods & methods).is_empty()
    }

    fn note(&mut self, end: &End) {
        if !(end.methods & (self.asked.certain | self.asked.possible)).is_empty() {
            self.found.note_possible(end);
        }
    }
}
