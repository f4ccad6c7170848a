//! Builds the tree of templates from the rows of a table.

use super::tree::{Edge, End, NONE, Node, PARAMETER, Run, Tree, index, narrow};
use crate::effect::Effect;
use crate::key::wide_key;
use crate::literals::Literals;
use crate::method::{MethodSet, Methods};
use crate::row::Row;
use crate::template::Part;
use std::collections::HashMap;

/// A row to be added to the tree. Once sorted, rows that share a beginning are adjacent.
#[derive(Debug)]
struct Planned {
    steps: Vec<Step>,
    end: End,
}

/// Steps ascend in the order of the texts of their literals.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Step {
    Parameter,
    /// The number of a literal and, in a case-sensitive table, its text as written in the template; otherwise
    /// empty.
    Literal {
        number: u32,
        exact: Box<[u8]>,
    },
}

/// The chains laid out so far, by their steps.
type Chains<'p> = HashMap<&'p [Step], Run>;

impl Planned {
    fn new(at: usize, row: &Row, methods: &Methods, literals: &Literals, case_sensitive: bool) -> Self {
        let step = |part| match part {
            Part::Parameter => Step::Parameter,
            Part::Literal(text) => {
                // Each literal of a row is in `literals`.
                let number = literals.find(text.as_bytes()).unwrap_or(NONE);
                let exact = if case_sensitive { text.as_bytes() } else { &[] };
                Step::Literal { number, exact: exact.into() }
            }
        };
        // A method that a row names is known; if it were not, the row would cover every method.
        let covered =
            row.method().and_then(|method| methods.find(method.as_bytes())).unwrap_or(MethodSet::ALL);
        Self {
            steps: row.template.parts().map(step).collect(),
            end: End { methods: covered, effect: row.effect, row: at },
        }
    }
}

impl Tree {
    pub(in crate::index) fn new(rows: &[Row], methods: &Methods, case_sensitive: bool) -> Self {
        let literals = rows.iter().flat_map(|row| row.template.parts()).filter_map(Part::literal);
        let literals = Literals::new(literals);
        let planned = |(at, row)| Planned::new(at, row, methods, &literals, case_sensitive);
        let mut planned: Vec<_> = rows.iter().enumerate().map(planned).collect();
        planned.sort_by(|a, b| a.steps.cmp(&b.steps));
        let mut tree = Self {
            nodes: Vec::new(),
            edges: Vec::new(),
            ends: Vec::new(),
            steps: Vec::new(),
            steps_exact: Vec::new(),
            literals,
            exact: Vec::new(),
        };
        tree.add(&planned, 0, &mut Chains::new());
        tree.nodes.shrink_to_fit();
        tree.edges.shrink_to_fit();
        tree.steps.shrink_to_fit();
        tree
    }

    /// Adds the node for rows that agree in their first `depth` steps, and everything below it.
    fn add<'p>(&mut self, rows: &'p [Planned], depth: usize, chains: &mut Chains<'p>) -> u32 {
        let place = narrow(self.nodes.len());
        let denies = rows.iter().filter(|row| row.end.effect == Effect::Deny);
        let chain = chain_of(rows, depth);
        let mut node = Node {
            depths: rows.iter().fold(0, |depths, row| depths | 1 << (row.steps.len() - depth)),
            methods: rows.iter().fold(MethodSet::NONE, |methods, row| methods | row.end.methods),
            first_deny: denies.map(|row| row.end.row).min().map_or(NONE, narrow),
            chain: *chains.entry(chain).or_insert_with(|| self.add_chain(chain)),
            parameter: NONE,
            edges: Run { start: narrow(self.edges.len()), count: 0 },
            ends: Run { start: narrow(self.ends.len()), count: 0 },
        };
        let depth = depth + chain.len();
        let groups = || rows.chunk_by(|a, b| a.steps.get(depth) == b.steps.get(depth));
        // Edges and ends of this node first, so that they are contiguous.
        for group in groups() {
            match step_of(group, depth) {
                None => self.ends.extend(group.iter().map(|row| row.end)),
                Some(Step::Parameter) => {}
                Some(Step::Literal { number, exact }) => {
                    let key = wide_key(self.literals.text(*number));
                    let exact = self.add_exact(exact);
                    self.edges.push(Edge { key, number: *number, exact, node: NONE });
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
                    let child = self.add(group, depth + 1, chains);
                    if let Some(node) = self.nodes.get_mut(index(place)) {
                        node.parameter = child;
                    }
                }
                Some(Step::Literal { .. }) => {
                    let child = self.add(group, depth + 1, chains);
                    if let Some(edge) = self.edges.get_mut(edge) {
                        edge.node = child;
                    }
                    edge += 1;
                }
            }
        }
        place
    }

    fn add_chain(&mut self, chain: &[Step]) -> Run {
        let start = narrow(self.steps.len());
        for step in chain {
            let (number, exact) = match step {
                Step::Parameter => (PARAMETER, NONE),
                Step::Literal { number, exact } => (*number, self.add_exact(exact)),
            };
            self.steps.push(number);
            self.steps_exact.push(exact);
        }
        Run { start, count: narrow(chain.len()) }
    }

    /// Keeps the text of a literal as written in the template; none unless the table is case-sensitive.
    fn add_exact(&mut self, exact: &[u8]) -> u32 {
        if exact.is_empty() {
            return NONE;
        }
        self.exact.push(exact.into());
        narrow(self.exact.len() - 1)
    }
}

/// The steps from a depth on that all rows share before one of them ends or diverges. Since the rows are
/// sorted, these are the steps that the first and the last share.
fn chain_of(rows: &[Planned], depth: usize) -> &[Step] {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return &[] };
    let first = first.steps.get(depth..).unwrap_or_default();
    let last = last.steps.get(depth..).unwrap_or_default();
    let count = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    first.get(..count).unwrap_or_default()
}

/// The step that rows share at this depth.
fn step_of(rows: &[Planned], depth: usize) -> Option<&Step> {
    rows.first().and_then(|row| row.steps.get(depth))
}
