//! The templates of a table as a tree.
//!
//! Each node is reached by one path only: whatever a hostile target may be read as, a walk visits no node twice and
//! cannot blow up. Steps at which no templates part are no nodes of their own but the chain of the node that they lead
//! to. Nodes stand in one list in the order in which a walk visits them, since what a walk of a large table waits for is
//! memory.

use crate::effect::Effect;
use crate::key::{WIDE_BYTES, wide_key};
use crate::literals::Literals;
use crate::method::MethodSet;
use std::cmp::Ordering;

/// In place of a literal in a chain: any text.
pub(super) const PARAMETER: u32 = u32::MAX;
/// A number that no literal has.
pub(super) const NO_LITERAL: u32 = PARAMETER - 1;

/// In place of a row or a node that is not there.
pub(super) const NONE: u32 = u32::MAX;

/// The templates of a table.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    pub(super) ends: Vec<End>,
    /// The steps of all chains: the number of a literal, or [`PARAMETER`]. Chains that are alike stand here once.
    pub(super) steps: Vec<u32>,
    /// For each step where its literal stands as the template has it; none unless the table is case-sensitive.
    pub(super) steps_exact: Vec<u32>,
    pub(super) literals: Literals,
    /// The literals as the templates have them; none unless the table is case-sensitive.
    pub(super) exact: Vec<Box<[u8]>>,
}

/// What the templates have in common up to where they part, or one of them ends.
#[derive(Debug)]
pub(super) struct Node {
    /// Bit `n` is set when a template ends `n` segments behind the start of the chain, and so prunes whole branches.
    pub(super) depths: u128,
    /// The methods of all rows here and below.
    pub(super) methods: MethodSet,
    /// The first row here and below that denies; past all rows if none does.
    pub(super) first_deny: u32,
    /// The steps that all templates here and below have next, before any of them ends or parts from the others.
    pub(super) chain: Run,
    pub(super) parameter: u32,
    /// The literals, ascending by folded text.
    pub(super) edges: Run,
    /// The rows whose template ends here.
    pub(super) ends: Run,
}

/// A node, or a place on the way along its chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'t> {
    pub(super) node: &'t Node,
    /// Steps of the chain that were taken.
    pub(super) passed: usize,
}

/// Some elements of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) count: u32,
}

/// A literal of a node.
#[derive(Debug)]
pub(super) struct Edge {
    /// The [`wide_key`] of the literal: most comparisons end there.
    pub(super) key: u128,
    /// Its number among the [`Literals`].
    pub(super) number: u32,
    /// Where it stands as the template has it, in a case-sensitive table.
    pub(super) exact: u32,
    pub(super) node: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) methods: MethodSet,
    pub(super) effect: Effect,
    pub(super) row: usize,
}

impl Tree {
    pub(super) fn literals(&self) -> &Literals {
        &self.literals
    }

    pub(super) fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// The steps of a chain: the number of a literal, or [`PARAMETER`].
    pub(super) fn chain(&self, node: &Node) -> &[u32] {
        node.chain.of(&self.steps)
    }

    /// True if each literal of a chain has the case of the template in the segments, or case does not count.
    pub(super) fn is_chain_exact<'s>(&self, node: &Node, segments: impl Iterator<Item = &'s [u8]>) -> bool {
        let is_exact = |(exact, segment): (&u32, &[u8])| self.is_it(*exact, segment);
        self.exact.is_empty() || node.chain.of(&self.steps_exact).iter().zip(segments).all(is_exact)
    }

    /// The node that a parameter leads to.
    pub(super) fn parameter(&self, node: &Node) -> Option<&Node> {
        self.nodes.get(index(node.parameter))
    }

    /// The node that a literal leads to.
    pub(super) fn child(&self, edge: &Edge) -> Option<&Node> {
        self.nodes.get(index(edge.node))
    }

    /// The place behind a parameter.
    pub(super) fn behind_parameter<'t>(&'t self, place: Place<'t>) -> Option<Place<'t>> {
        match self.chain(place.node).get(place.passed) {
            Some(step) => (*step == PARAMETER).then_some(place.next()),
            None => self.parameter(place.node).map(Place::at),
        }
    }

    /// The places behind the literals that a segment is in the case of the template.
    pub(super) fn behind_literals<'t>(
        &'t self,
        place: Place<'t>,
        segment: &[u8],
    ) -> impl Iterator<Item = Place<'t>> {
        let step = self.chain(place.node).get(place.passed);
        let exact = place.node.chain.of(&self.steps_exact).get(place.passed).copied().unwrap_or(NONE);
        let is_step = |step: &&u32| self.literals.is(**step, segment) && self.is_it(exact, segment);
        let next = step.filter(is_step).map(|_| place.next());
        let edges = step.is_none().then(|| self.edges_for(place.node, segment)).into_iter().flatten();
        let edges = edges.filter(|edge| self.is_exact(edge, segment)).filter_map(|edge| self.child(edge));
        next.into_iter().chain(edges.map(Place::at))
    }

    /// The rows whose template ends at a node.
    pub(super) fn ends(&self, node: &Node) -> &[End] {
        node.ends.of(&self.ends)
    }

    /// The literals of a node, ascending.
    pub(super) fn edges(&self, node: &Node) -> &[Edge] {
        node.edges.of(&self.edges)
    }

    /// The text of a literal, in lower case.
    pub(super) fn text(&self, edge: &Edge) -> &[u8] {
        self.literals.text(edge.number)
    }

    /// True if a segment that is a literal in lower case is it in the case of the template, too, or case does not count.
    #[inline]
    pub(super) fn is_exact(&self, edge: &Edge, segment: &[u8]) -> bool {
        self.is_it(edge.exact, segment)
    }

    #[inline]
    fn is_it(&self, exact: u32, segment: &[u8]) -> bool {
        self.exact.get(index(exact)).is_none_or(|exact| **exact == *segment)
    }

    /// The literals of a node that start with a text in lower case.
    pub(super) fn edges_from(&self, node: &Node, text: &[u8]) -> &[Edge] {
        let edges = self.edges(node);
        let start = edges.partition_point(|edge| self.text(edge) < text);
        let rest = edges.get(start..).unwrap_or_default();
        let count = rest.partition_point(|edge| self.text(edge).starts_with(text));
        rest.get(..count).unwrap_or_default()
    }

    /// The literals of a node that have a number: one at most, unless the table is case-sensitive.
    pub(super) fn edges_of(&self, node: &Node, number: u32) -> impl Iterator<Item = &Edge> {
        let edges = self.edges(node);
        let start = edges.partition_point(|edge| edge.number < number);
        let rest = edges.get(start..).unwrap_or_default();
        rest.iter().take_while(move |edge| edge.number == number)
    }

    /// The literals that equal the segment after folding: one at most, unless the table is case-sensitive.
    pub(super) fn edges_for(&self, node: &Node, segment: &[u8]) -> impl Iterator<Item = &Edge> {
        let (edges, key) = (self.edges(node), wide_key(segment));
        let start = edges.partition_point(|edge| self.order(edge, key, segment) == Ordering::Less);
        let rest = edges.get(start..).unwrap_or_default();
        rest.iter().take_while(move |edge| self.order(edge, key, segment) == Ordering::Equal)
    }

    /// How a literal sorts beside a segment with this key.
    #[inline]
    fn order(&self, edge: &Edge, key: u128, segment: &[u8]) -> Ordering {
        let by_key = edge.key.cmp(&key);
        // Padded with zeros, which no literal holds: with equal keys a text of less bytes is all there.
        if by_key != Ordering::Equal || segment.len() < WIDE_BYTES {
            return by_key;
        }
        let (folded, segment) = (self.text(edge).get(WIDE_BYTES..), segment.get(WIDE_BYTES..));
        let (folded, segment) = (folded.unwrap_or_default(), segment.unwrap_or_default());
        folded.iter().copied().cmp(segment.iter().map(u8::to_ascii_lowercase))
    }
}

impl Node {
    /// False when no row below can match `left` more segments and one of the methods.
    pub(super) fn may_match(&self, left: usize, wanted: MethodSet) -> bool {
        self.depths >> left & 1 == 1 && !(self.methods & wanted).is_empty()
    }

    /// True when a row here or below denies, and stands before another one, if there is such.
    pub(super) fn denies_before(&self, row: Option<usize>) -> bool {
        self.first_deny != NONE && row.is_none_or(|row| index(self.first_deny) < row)
    }
}

impl<'t> Place<'t> {
    /// The start of the chain of a node.
    pub(super) fn at(node: &'t Node) -> Self {
        Self { node, passed: 0 }
    }

    fn next(self) -> Self {
        Self { passed: self.passed + 1, ..self }
    }
}

impl Node {
    /// Where the chain stands, by which chains that are alike are known.
    pub(super) fn chain_run(&self) -> Run {
        self.chain
    }
}

impl Run {
    fn of<T>(self, list: &[T]) -> &[T] {
        let start = index(self.start);
        list.get(start..start + index(self.count)).unwrap_or_default()
    }
}

/// A table has at most 10,000 rows of 64 segments.
pub(super) fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}

pub(super) fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
