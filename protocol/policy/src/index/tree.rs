//! The templates of a table as a tree.
//!
//! Each node is reached by one path only: however a hostile target may be read, a walk visits no node twice
//! and cannot blow up. Steps at which no templates diverge are not nodes of their own, but form the chain of
//! the node that they lead to. Nodes are stored in one list, in the order in which a walk visits them,
//! because a walk of a large table mostly waits for memory.

use crate::effect::Effect;
use crate::key::{WIDE_BYTES, wide_key};
use crate::literals::Literals;
use crate::method::MethodSet;
use std::cmp::Ordering;

/// Stands for any text, in place of a literal in a chain.
pub(super) const PARAMETER: u32 = u32::MAX;
/// A number that no literal has.
pub(super) const NO_LITERAL: u32 = PARAMETER - 1;

/// Stands for a row or a node that does not exist.
pub(super) const NONE: u32 = u32::MAX;

/// The templates of a table.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    pub(super) ends: Vec<End>,
    /// The steps of all chains: the number of a literal, or [`PARAMETER`]. Equal chains are stored once.
    pub(super) steps: Vec<u32>,
    /// For each step, where its literal is stored as written in the template; none unless the table is
    /// case-sensitive.
    pub(super) steps_exact: Vec<u32>,
    pub(super) literals: Literals,
    /// The literals as written in the templates; none unless the table is case-sensitive.
    pub(super) exact: Vec<Box<[u8]>>,
}

/// What templates share up to where they diverge, or one of them ends.
#[derive(Debug)]
pub(super) struct Node {
    /// Bit `n` is set if a template ends `n` segments after the start of the chain. Lets a walk prune whole
    /// branches.
    pub(super) depths: u128,
    /// The methods of all rows here and below.
    pub(super) methods: MethodSet,
    /// The first denying row here or below; past all rows if there is none.
    pub(super) first_deny: u32,
    /// The steps that all templates here and below share next, before any of them ends or diverges.
    pub(super) chain: Run,
    pub(super) parameter: u32,
    /// The literals, ascending by folded text.
    pub(super) edges: Run,
    /// The rows whose templates end here.
    pub(super) ends: Run,
}

/// A node, or a place along its chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'t> {
    pub(super) node: &'t Node,
    /// Number of steps of the chain already taken.
    pub(super) passed: usize,
}

/// A range of elements in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) count: u32,
}

/// A literal of a node.
#[derive(Debug)]
pub(super) struct Edge {
    /// The [`wide_key`] of the literal, which decides most comparisons.
    pub(super) key: u128,
    /// Its number among the [`Literals`].
    pub(super) number: u32,
    /// Where it is stored as written in the template, if the table is case-sensitive.
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

    /// True if the segments have each literal of a chain in the case of the template, or case does not
    /// matter.
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

    /// The place after a parameter.
    pub(super) fn behind_parameter<'t>(&'t self, place: Place<'t>) -> Option<Place<'t>> {
        match self.chain(place.node).get(place.passed) {
            Some(step) => (*step == PARAMETER).then_some(place.next()),
            None => self.parameter(place.node).map(Place::at),
        }
    }

    /// The places after the literals that the segment equals in the case of the template.
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

    /// True if a segment that equals a literal in lower case also has the case of the template, or case does
    /// not matter.
    #[inline]
    pub(super) fn is_exact(&self, edge: &Edge, segment: &[u8]) -> bool {
        self.is_it(edge.exact, segment)
    }

    #[inline]
    fn is_it(&self, exact: u32, segment: &[u8]) -> bool {
        self.exact.get(index(exact)).is_none_or(|exact| **exact == *segment)
    }

    /// The literals of a node that start with a lower-case text.
    pub(super) fn edges_from(&self, node: &Node, text: &[u8]) -> &[Edge] {
        let edges = self.edges(node);
        let start = edges.partition_point(|edge| self.text(edge) < text);
        let rest = edges.get(start..).unwrap_or_default();
        let count = rest.partition_point(|edge| self.text(edge).starts_with(text));
        rest.get(..count).unwrap_or_default()
    }

    /// The literals of a node with this number: at most one, unless the table is case-sensitive.
    pub(super) fn edges_of(&self, node: &Node, number: u32) -> impl Iterator<Item = &Edge> {
        let edges = self.edges(node);
        let start = edges.partition_point(|edge| edge.number < number);
        let rest = edges.get(start..).unwrap_or_default();
        rest.iter().take_while(move |edge| edge.number == number)
    }

    /// The literals that equal the segment after folding: at most one, unless the table is case-sensitive.
    pub(super) fn edges_for(&self, node: &Node, segment: &[u8]) -> impl Iterator<Item = &Edge> {
        let (edges, key) = (self.edges(node), wide_key(segment));
        let start = edges.partition_point(|edge| self.order(edge, key, segment) == Ordering::Less);
        let rest = edges.get(start..).unwrap_or_default();
        rest.iter().take_while(move |edge| self.order(edge, key, segment) == Ordering::Equal)
    }

    /// How a literal sorts relative to a segment with this key.
    #[inline]
    fn order(&self, edge: &Edge, key: u128, segment: &[u8]) -> Ordering {
        let by_key = edge.key.cmp(&key);
        // Keys are padded with zeros, which no literal contains: a text shorter than the key is all in the
        // key.
        if by_key != Ordering::Equal || segment.len() < WIDE_BYTES {
            return by_key;
        }
        let (folded, segment) = (self.text(edge).get(WIDE_BYTES..), segment.get(WIDE_BYTES..));
        let (folded, segment) = (folded.unwrap_or_default(), segment.unwrap_or_default());
        folded.iter().copied().cmp(segment.iter().map(u8::to_ascii_lowercase))
    }
}

impl Node {
    /// False if no row below can match `left` more segments and one of the methods.
    pub(super) fn may_match(&self, left: usize, wanted: MethodSet) -> bool {
        self.depths >> left & 1 == 1 && !(self.methods & wanted).is_empty()
    }

    /// True if a row here or below denies and comes before `row`, if there is one.
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
    /// Where the chain is stored. Equal chains are stored in the same place.
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
