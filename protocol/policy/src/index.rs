//! The templates of a table as a tree, and the walk that finds all rows for a path.

mod every;
mod key;
mod literals;
mod possible;
mod states;
mod tree;

use crate::method::{MethodSet, Methods};
use crate::segments::Segments;
use crate::{Effect, Row};
pub(crate) use every::Parted;
pub(crate) use literals::Literals;
pub(crate) use possible::Readings;
use tree::{End, Node, Tree};

/// Finds the rows that match a path, without asking the others.
#[derive(Debug)]
pub(crate) struct Index {
    tree: Tree,
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
        Self { tree: Tree::new(rows, methods, case_sensitive) }
    }

    /// All rows for a path that every server reads as these segments.
    pub(crate) fn find(&self, segments: &Segments<'_>, asked: Asked, found: &mut Found) {
        let tree = &self.tree;
        if let Some(root) = tree.root() {
            Walk { tree, segments, asked, found }.visit(root, 0, false);
        }
    }

    /// The literals of all rows.
    pub(crate) fn literals(&self) -> &Literals {
        self.tree.literals()
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

struct Walk<'w> {
    tree: &'w Tree,
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
        let tree = self.tree;
        let Some(segment) = self.segments.get(depth) else {
            return tree.ends(node).iter().for_each(|end| self.note(end, near));
        };
        if let Some(child) = tree.parameter(node) {
            self.visit(child, depth + 1, near);
        }
        for literal in tree.edges_for(node, segment) {
            let differs = !tree.is_exact(literal, segment);
            if let Some(child) = tree.child(literal) {
                self.visit(child, depth + 1, near || differs);
            }
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
