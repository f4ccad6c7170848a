//! The walk along all readings of a path at once.

use super::lookup::{Asked, Found, Index};
use super::readings::Readings;
use super::states::{State, States, Step};
use super::tree::{Edge, End, Node, PARAMETER, Run, Tree};
use crate::reading::{Beginning, Bounds, LONG_STATES, TooLong, may_be};

/// At a node with at most this many literals, the walk looks up each literal among the path's names, not the
/// names among the literals.
const FEW: usize = 4;

impl Index {
    /// Finds all rows that some reading of the path matches. Looks for allowing rows only if `allowing` is
    /// set.
    ///
    /// [`TooLong`] if there are more states than there is room for, and larger buffers have more room.
    /// [`TooLong`] when there are more states than have room, and larger buffers have more.
    pub(crate) fn find_possible<B: Bounds, const BOUNDS: usize, const NAMES: usize, const STATES: usize>(
        &self,
        readings: &Readings<'_, B, BOUNDS, NAMES>,
        asked: Asked,
        allowing: bool,
        found: &mut Found,
    ) -> Result<(), TooLong> {
        let mut states = States::<B, STATES, NAMES>::EMPTY;
        let root = states.of(readings.choices.root, readings);
        let tree = &self.tree;
        let mut walk = Walk { tree, readings, asked, allowing, found, states: &mut states, passed: None };
        if let Some(node) = tree.root() {
            walk.visit(node, &root);
        }
        if Self::gives_up(&states) { Err(TooLong) } else { Ok(()) }
    }

    /// A walk that recomputes states at each node takes much longer than one with larger buffers.
    fn gives_up<B: Bounds, const STATES: usize, const NAMES: usize>(
        states: &States<B, STATES, NAMES>,
    ) -> bool {
        STATES < LONG_STATES && states.is_crowded
    }
}

struct Walk<'w, 'r, B, const BOUNDS: usize, const NAMES: usize, const STATES: usize> {
    tree: &'w Tree,
    readings: &'w Readings<'r, B, BOUNDS, NAMES>,
    asked: Asked,
    allowing: bool,
    found: &'w mut Found,
    states: &'w mut States<B, STATES, NAMES>,
    /// The last chain passed.
    passed: Option<Passed<B>>,
}

/// Where a chain led from a set of bounds. In large tables many branches end in the same chain.
#[derive(Clone, Copy)]
struct Passed<B> {
    chain: Run,
    from: B,
    to: Option<State<B>>,
}

impl<B: Bounds, const BOUNDS: usize, const NAMES: usize, const STATES: usize>
    Walk<'_, '_, B, BOUNDS, NAMES, STATES>
{
    /// Visits a node, before its chain, at which the path may have been read up to each bound of a state.
    fn visit(&mut self, node: &Node, state: &State<B>) {
        if self.changes_nothing(node, state.left) || Index::gives_up(self.states) {
            return;
        }
        if self.tree.chain(node).is_empty() {
            self.visit_behind_chain(node, state);
        } else if let Some(state) = self.pass_chain(node, state) {
            self.visit_behind_chain(node, &state);
        }
    }

    /// The state after the chain of a node. None if no reading has its segments.
    fn pass_chain(&mut self, node: &Node, state: &State<B>) -> Option<State<B>> {
        let (chain, from) = (node.chain_run(), state.bounds);
        if let Some(passed) = self.passed.filter(|passed| passed.chain == chain && passed.from == from) {
            return passed.to;
        }
        let to = self.pass_steps(state, self.tree.chain(node));
        self.passed = Some(Passed { chain, from, to });
        to
    }

    fn pass_steps(&mut self, state: &State<B>, steps: &[u32]) -> Option<State<B>> {
        let (mut state, mut left) = (*state, steps);
        loop {
            (state, left) = self.states.along(&state, left, self.readings);
            if state.bounds.is_empty() {
                return None;
            }
            let Some((step, rest)) = left.split_first() else { return Some(state) };
            (state, left) = (self.pass_step(&state, *step)?, rest);
        }
    }

    fn pass_step(&mut self, state: &State<B>, step: u32) -> Option<State<B>> {
        let next = if step == PARAMETER {
            self.states.after(state, Step::Parameter, self.readings)
        } else if state.begins {
            let text = self.tree.literals().text(step);
            self.states.after_literal(state, step, text, self.readings)?
        } else {
            self.states.after(state, Step::Name(self.readings.names.place(step)?), self.readings)
        };
        (!next.bounds.is_empty()).then_some(next)
    }

    fn visit_behind_chain(&mut self, node: &Node, state: &State<B>) {
        let tree = self.tree;
        if state.ends {
            tree.ends(node).iter().for_each(|end| self.note(end));
        }
        if let Some(child) = tree.parameter(node) {
            self.visit_after(child, state, Step::Parameter);
        }
        if state.is_free {
            tree.edges(node).iter().for_each(|edge| self.visit_any(edge, state));
            return;
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

    fn visit_child(&mut self, edge: &Edge, state: &State<B>, step: Step) {
        if let Some(child) = self.tree.child(edge) {
            self.visit_after(child, state, step);
        }
    }

    fn visit_after(&mut self, node: &Node, state: &State<B>, step: Step) {
        if !self.changes_nothing(node, state.left.before()) {
            let next = self.states.after(state, step, self.readings);
            self.visit(node, &next);
        }
    }

    /// Visits a literal in a state in which a segment may be any text.
    fn visit_any(&mut self, edge: &Edge, state: &State<B>) {
        let child = self.tree.child(edge).filter(|child| !self.changes_nothing(child, state.left.before()));
        let Some(child) = child else { return };
        if let Some(next) = self.states.after_literal(state, edge.number, self.tree.text(edge), self.readings)
        {
            self.visit(child, &next);
        }
    }

    fn visit_names_beside_beginnings(&mut self, node: &Node, state: &State<B>) {
        let (tree, Readings { view, names, .. }) = (self.tree, *self.readings);
        for (place, number) in names.each(state.starts) {
            for edge in tree.edges_of(node, number) {
                let text = tree.text(edge);
                let mut beginnings = names.each_beginning(state.starts);
                if !beginnings.any(|beginning| !beginning.ends(view, state.starts, text).is_empty()) {
                    self.visit_child(edge, state, Step::Name(place));
                }
            }
        }
    }

    fn visit_beginnings(&mut self, node: &Node, state: &State<B>) {
        let (tree, Readings { view, names, .. }) = (self.tree, *self.readings);
        // Beginnings that may be anything first: once they have matched a row, most of the others need no
        // comparison.
        for is_compared in [false, true] {
            for (place, beginning) in names.each_beginning(state.starts).enumerate() {
                if beginning.is_compared != is_compared || self.is_settled(node) {
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

    /// Visits a literal that a segment with a beginning may be, unless an earlier beginning may be it, too.
    /// `last` is the result for the previous literal.
    fn visit_begun(
        &mut self,
        edge: &Edge,
        state: &State<B>,
        (place, beginning): (usize, &Beginning<B>),
        last: &mut Option<(B, State<B>)>,
    ) {
        // Prunes whole branches before anything is compared.
        let child = self.tree.child(edge).filter(|child| !self.changes_nothing(child, state.left.before()));
        let Some(child) = child else { return };
        let Readings { view, names, choices } = *self.readings;
        let (starts, text) = (state.starts, self.tree.text(edge));
        let is_it = |beginning: &Beginning<B>| !beginning.ends(view, starts, text).is_empty();
        let comes_before = |(at, other): (usize, &Beginning<B>)| {
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

    /// True if no row at the node or below can match this many more segments from the start of its chain, or
    /// if a match would change nothing.
    fn changes_nothing(&self, node: &Node, left: B) -> bool {
        !left.meets(node.depths) || self.is_settled(node)
    }

    /// True if a match of a row at the node or below would change nothing.
    fn is_settled(&self, node: &Node) -> bool {
        let methods = self.asked.certain | self.asked.possible;
        // Of allowing rows, it matters only whether there is one.
        let only_deny = !self.allowing || self.found.may_allow;
        only_deny && !node.denies_before(self.found.may_deny) || (node.methods & methods).is_empty()
    }

    fn note(&mut self, end: &End) {
        if !(end.methods & (self.asked.certain | self.asked.possible)).is_empty() {
            self.found.note_possible(end);
        }
    }
}
