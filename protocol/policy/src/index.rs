//! The templates of a table as a tree, and the walk that finds all rows for a path.

mod every;
mod key;
mod possible;

use crate::method::{MethodSet, Methods};
use crate::reading::NamesOf;
use crate::segments::Segments;
use crate::template::Part;
use crate::{Effect, Row};
pub(crate) use every::Parted;
use key::KEY_BYTES;
pub(crate) use key::key;
pub(crate) use possible::Readings;
use std::cmp::Ordering;

/// Finds the rows that match a path, without asking the others.
#[derive(Debug)]
pub(crate) struct Index {
    root: Node,
    case_sensitive: bool,
    names: NamesOf,
}

/// What the templates have in common up to one segment.
///
/// A tree, so each node is reached by one path only: whatever a hostile target may be read as, a walk visits no
/// node twice and cannot blow up.
#[derive(Debug, Default)]
struct Node {
    /// Ascending by folded text.
    literals: Vec<Literal>,
    parameter: Option<Box<Node>>,
    /// The rows whose template ends here.
    ends: Vec<End>,
    /// Bit `n` is set when a template ends `n` segments below, and so prunes whole branches.
    depths: u128,
    /// The methods of all rows here and below.
    methods: MethodSet,
    /// The first row here and below that denies; past all rows if none does.
    first_deny: usize,
}

#[derive(Debug)]
struct Literal {
    /// The [`key()`] of `folded`: most comparisons end there.
    key: u64,
    /// In lower case.
    folded: Box<[u8]>,
    /// As the template has it in a case-sensitive table, else like `folded`.
    exact: Box<[u8]>,
    node: Node,
}

#[derive(Debug, Clone, Copy)]
struct End {
    methods: MethodSet,
    effect: Effect,
    row: usize,
}

/// What a walk asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// The methods under which every server runs the request.
    pub(crate) certain: MethodSet,
    /// Those under which some server may.
    pub(crate) possible: MethodSet,
}

/// The rows that walks found: of each kind the first in the order of the file.
#[derive(Debug, PartialEq, Eq, Default)]
pub(crate) struct Found {
    /// A row that denies in every reading.
    pub(crate) deny: Option<usize>,
    /// A row that allows in every reading, for at least one method.
    pub(crate) allow: Option<usize>,
    /// The methods that rows allow in every reading.
    pub(crate) allowed: MethodSet,
    /// A row that denies in some reading, or under some method.
    pub(crate) may_deny: Option<usize>,
    /// Some row allows in some reading.
    pub(crate) may_allow: bool,
}

impl Index {
    pub(crate) fn new(rows: &[Row], methods: &Methods, case_sensitive: bool) -> Self {
        let mut planned: Vec<_> =
            rows.iter().enumerate().map(|(at, row)| Planned::new(at, row, methods, case_sensitive)).collect();
        planned.sort_by(|a, b| a.steps.cmp(&b.steps));
        let literals = rows.iter().flat_map(|row| row.template.parts()).filter_map(Part::literal);
        Self { root: Node::new(&planned, 0), case_sensitive, names: NamesOf::literals(literals) }
    }

    /// All rows for a path that every server reads as these segments.
    pub(crate) fn find(&self, segments: &Segments<'_>, asked: Asked, found: &mut Found) {
        Walk { index: self, segments, asked, found }.visit(&self.root, 0, false);
    }

    /// What of the literals bounds the names of a path that are to be looked for.
    pub(crate) fn names(&self) -> NamesOf {
        self.names
    }
}

impl Found {
    /// Notes a row that is met in one reading, or under a method that is not certain.
    fn note_possible(&mut self, end: &End) {
        match end.effect {
            Effect::Deny => note(&mut self.may_deny, end.row),
            Effect::Allow => self.may_allow = true,
        }
    }
}

fn note(place: &mut Option<usize>, row: usize) {
    *place = Some(place.map_or(row, |other| row.min(other)));
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

impl Node {
    /// The node for rows that agree in their first `depth` steps.
    fn new(rows: &[Planned], depth: usize) -> Self {
        let denies = rows.iter().filter(|row| row.end.effect == Effect::Deny);
        let first_deny = denies.map(|row| row.end.row).min().unwrap_or(usize::MAX);
        let mut node = Self { first_deny, ..Self::default() };
        for group in rows.chunk_by(|a, b| a.steps.get(depth) == b.steps.get(depth)) {
            match group.first().and_then(|row| row.steps.get(depth)) {
                None => node.ends.extend(group.iter().map(|row| row.end)),
                Some(Step::Parameter) => node.parameter = Some(Box::new(Self::new(group, depth + 1))),
                Some(Step::Literal { folded, exact }) => node.literals.push(Literal {
                    key: key(folded),
                    folded: folded.clone(),
                    exact: exact.clone(),
                    node: Self::new(group, depth + 1),
                }),
            }
        }
        for row in rows {
            node.methods = node.methods | row.end.methods;
            node.depths |= 1 << (row.steps.len() - depth);
        }
        node
    }

    /// False when no row below can match `left` more segments and one of the methods.
    fn may_match(&self, left: usize, wanted: MethodSet) -> bool {
        self.depths >> left & 1 == 1 && !(self.methods & wanted).is_empty()
    }

    /// The literals that start with a text in lower case.
    fn literals_from(&self, text: &[u8]) -> impl Iterator<Item = &Literal> {
        let start = self.literals.partition_point(|literal| *literal.folded < *text);
        let rest = self.literals.get(start..).unwrap_or_default();
        rest.iter().take_while(move |literal| literal.folded.starts_with(text))
    }

    /// The literals that equal the segment after folding: one at most, unless the table is case-sensitive.
    fn literals_for(&self, segment: &[u8]) -> impl Iterator<Item = &Literal> {
        let key = key(segment);
        let start = self.literals.partition_point(|literal| literal.order(key, segment) == Ordering::Less);
        let rest = self.literals.get(start..).unwrap_or_default();
        rest.iter().take_while(move |literal| literal.order(key, segment) == Ordering::Equal)
    }
}

impl Literal {
    /// How the literal sorts beside a segment with this key.
    fn order(&self, key: u64, segment: &[u8]) -> Ordering {
        self.key.cmp(&key).then_with(|| {
            // Padded with zeros, which no literal holds: with equal keys a text of up to eight bytes is all there.
            let (folded, segment) = (self.folded.get(KEY_BYTES..), segment.get(KEY_BYTES..));
            let (folded, segment) = (folded.unwrap_or_default(), segment.unwrap_or_default());
            folded.iter().copied().cmp(segment.iter().map(u8::to_ascii_lowercase))
        })
    }
}

struct Walk<'w> {
    index: &'w Index,
    segments: &'w Segments<'w>,
    asked: Asked,
    found: &'w mut Found,
}

impl Walk<'_> {
    /// Visits a node to which the first `depth` segments lead, by a literal in another case if `near`.
    fn visit(&mut self, node: &Node, depth: usize, near: bool) {
        if !node.may_match(self.segments.count() - depth, self.asked.certain | self.asked.possible) {
            return;
        }
        let Some(segment) = self.segments.get(depth) else {
            return node.ends.iter().for_each(|end| self.note(end, near));
        };
        if let Some(child) = &node.parameter {
            self.visit(child, depth + 1, near);
        }
        for literal in node.literals_for(segment) {
            let differs = self.index.case_sensitive && *literal.exact != *segment;
            self.visit(&literal.node, depth + 1, near || differs);
        }
    }

    fn note(&mut self, end: &End, near: bool) {
        let certain = end.methods & self.asked.certain;
        if near || certain.is_empty() {
            if !(end.methods & (self.asked.certain | self.asked.possible)).is_empty() {
                self.found.note_possible(end);
            }
            return;
        }
        match end.effect {
            Effect::Deny => note(&mut self.found.deny, end.row),
            Effect::Allow => {
                self.found.allowed = self.found.allowed | certain;
                note(&mut self.found.allow, end.row);
            }
        }
    }
}
