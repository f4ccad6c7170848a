//! The templates of a table as a tree.
//!
//! Each node is reached by one path only: whatever a hostile target may be read as, a walk visits no node twice and
//! cannot blow up. Nodes stand in one list in the order in which a walk visits them, since what a walk of a large table
//! waits for is memory.

use super::key::{WIDE_BYTES, wide_key};
use super::literals::Literals;
use crate::method::{MethodSet, Methods};
use crate::template::Part;
use crate::{Effect, Row};
use std::cmp::Ordering;

/// In place of a row or a node that is not there.
const NONE: u32 = u32::MAX;

/// The templates of a table.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    ends: Vec<End>,
    literals: Literals,
    /// The literals as the templates have them; none unless the table is case-sensitive.
    exact: Vec<Box<[u8]>>,
}

/// What the templates have in common up to one segment.
#[derive(Debug)]
pub(super) struct Node {
    /// Bit `n` is set when a template ends `n` segments below, and so prunes whole branches.
    pub(super) depths: u128,
    /// The methods of all rows here and below.
    pub(super) methods: MethodSet,
    /// The first row here and below that denies; past all rows if none does.
    first_deny: u32,
    parameter: u32,
    /// The literals, ascending by folded text.
    edges: Run,
    /// The rows whose template ends here.
    ends: Run,
}

/// Some elements of a list.
#[derive(Debug, Clone, Copy)]
struct Run {
    start: u32,
    count: u32,
}

/// A literal of a node.
#[derive(Debug)]
pub(super) struct Edge {
    /// The [`wide_key`] of the literal: most comparisons end there.
    key: u128,
    /// Its number among the [`Literals`].
    pub(super) number: u32,
    /// Where it stands as the template has it, in a case-sensitive table.
    exact: u32,
    node: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) methods: MethodSet,
    pub(super) effect: Effect,
    pub(super) row: usize,
}

/// A row on its way into the tree. Sorted, rows that share a beginning stand together.
#[derive(Debug)]
struct Planned {
    steps: Vec<Step>,
    end: End,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Parameter,
    Literal { folded: Box<[u8]>, exact: Box<[u8]> },
}

impl Planned {
    fn new(at: usize, row: &Row, methods: &Methods, case_sensitive: bool) -> Self {
        let step = |part| match part {
            Part::Parameter => Step::Parameter,
            Part::Literal(text) => {
                let folded = text.to_ascii_lowercase();
                let exact = if case_sensitive { text } else { folded.as_str() };
                Step::Literal { exact: exact.as_bytes().into(), folded: folded.into_bytes().into() }
            }
        };
        // A method that a row names is known; were it not, the row would cover all.
        let covered =
            row.method().and_then(|method| methods.find(method.as_bytes())).unwrap_or(MethodSet::ALL);
        Self {
            steps: row.template.parts().map(step).collect(),
            end: End { methods: covered, effect: row.effect, row: at },
        }
    }
}

impl Tree {
    pub(super) fn new(rows: &[Row], methods: &Methods, case_sensitive: bool) -> Self {
        let mut planned: Vec<_> =
            rows.iter().enumerate().map(|(at, row)| Planned::new(at, row, methods, case_sensitive)).collect();
        planned.sort_by(|a, b| a.steps.cmp(&b.steps));
        let literals = rows.iter().flat_map(|row| row.template.parts()).filter_map(Part::literal);
        let literals = Literals::new(literals);
        let mut tree =
            Self { nodes: Vec::new(), edges: Vec::new(), ends: Vec::new(), literals, exact: Vec::new() };
        tree.add(&planned, 0, case_sensitive);
        tree.nodes.shrink_to_fit();
        tree.edges.shrink_to_fit();
        tree
    }

    /// Adds the node for rows that agree in their first `depth` steps, and all below it.
    fn add(&mut self, rows: &[Planned], depth: usize, case_sensitive: bool) -> u32 {
        let place = narrow(self.nodes.len());
        let denies = rows.iter().filter(|row| row.end.effect == Effect::Deny);
        let mut node = Node {
            depths: rows.iter().fold(0, |depths, row| depths | 1 << (row.steps.len() - depth)),
            methods: rows.iter().fold(MethodSet::NONE, |methods, row| methods | row.end.methods),
            first_deny: denies.map(|row| row.end.row).min().map_or(NONE, narrow),
            parameter: NONE,
            edges: Run { start: narrow(self.edges.len()), count: 0 },
            ends: Run { start: narrow(self.ends.len()), count: 0 },
        };
        let groups = || rows.chunk_by(|a, b| a.steps.get(depth) == b.steps.get(depth));
        // Those of this node first: they stand together.
        for group in groups() {
            match step_of(group, depth) {
                None => self.ends.extend(group.iter().map(|row| row.end)),
                Some(Step::Parameter) => {}
                Some(Step::Literal { folded, exact }) => {
                    // Each literal of a row is one of them.
                    let number = self.literals.find(folded).unwrap_or(NONE);
                    let place = if case_sensitive { narrow(self.exact.len()) } else { NONE };
                    self.exact.extend(case_sensitive.then(|| exact.clone()));
                    self.edges.push(Edge { key: wide_key(folded), number, exact: place, node: NONE });
                }
            }
        }
        node.edges.count = narrow(self.edges.len()) - node.edges.start;
        node.ends.count = narrow(self.ends.len()) - node.ends.start;
        let mut edge = index(node.edges.start);
        self.nodes.push(node);
        for group in groups() {
            match step_of(group, depth) {
                None => {}
                Some(Step::Parameter) => {
                    let child = self.add(group, depth + 1, case_sensitive);
                    if let Some(node) = self.nodes.get_mut(index(place)) {
                        node.parameter = child;
                    }
                }
                Some(Step::Literal { .. }) => {
                    let child = self.add(group, depth + 1, case_sensitive);
                    if let Some(edge) = self.edges.get_mut(edge) {
                        edge.node = child;
                    }
                    edge += 1;
                }
            }
        }
        place
    }

    pub(super) fn literals(&self) -> &Literals {
        &self.literals
    }

    pub(super) fn root(&self) -> Option<&Node> {
        self.nodes.first()
    }

    /// The node that a parameter leads to.
    pub(super) fn parameter(&self, node: &Node) -> Option<&Node> {
        self.nodes.get(index(node.parameter))
    }

    /// The node that a literal leads to.
    pub(super) fn child(&self, edge: &Edge) -> Option<&Node> {
        self.nodes.get(index(edge.node))
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
        self.exact.get(index(edge.exact)).is_none_or(|exact| **exact == *segment)
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

impl Run {
    fn of<T>(self, list: &[T]) -> &[T] {
        let start = index(self.start);
        list.get(start..start + index(self.count)).unwrap_or_default()
    }
}

/// The step that rows have in common.
fn step_of(rows: &[Planned], depth: usize) -> Option<&Step> {
    rows.first().and_then(|row| row.steps.get(depth))
}

/// A table has at most 10,000 rows of 64 segments.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}

fn index(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
