//! The walk along the one reading that all servers share.

use super::tree::{End, NO_LITERAL, Node, PARAMETER, Tree};
use crate::effect::Effect;
use crate::limits::MAX_SEGMENTS;
use crate::literals::Literals;
use crate::method::{MethodSet, Methods};
use crate::row::Row;
use crate::segments::Segments;

/// Chains of at most this many steps are compared by text, longer ones by the numbers of their literals.
const FEW_STEPS: usize = 4;
/// Number of steps of a long chain that are compared at once.
const AT_ONCE: usize = 8;

/// Finds the rows that match a path without checking the others.
#[derive(Debug)]
pub(crate) struct Index {
    pub(super) tree: Tree,
    has_allowing: bool,
}

/// The methods that a walk looks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// The methods under which every server performs the request.
    pub(crate) certain: MethodSet,
    /// The methods under which some server may run it.
    pub(crate) possible: MethodSet,
}

/// The rows that walks found: the first of each kind, in the order of the file.
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
        let has_allowing = rows.iter().any(|row| row.effect == Effect::Allow);
        Self { tree: Tree::new(rows, methods, case_sensitive), has_allowing }
    }

    /// Finds all rows that match a path which every server reads as these segments.
    pub(crate) fn find(&self, segments: &Segments<'_>, asked: Asked, found: &mut Found) {
        let tree = &self.tree;
        if let Some(root) = tree.root() {
            Walk { tree, segments, asked, found, numbers: None }.visit(root, 0, false);
        }
    }

    /// True if some row allows.
    pub(crate) fn has_allowing(&self) -> bool {
        self.has_allowing
    }

    /// The literals of all rows.
    pub(crate) fn literals(&self) -> &Literals {
        self.tree.literals()
    }
}

impl Found {
    /// Notes a row that matches in some reading, or under a method that is not certain.
    pub(super) fn note_possible(&mut self, end: &End) {
        match end.effect {
            Effect::Deny => note(&mut self.may_deny, end.row),
            Effect::Allow => self.may_allow = true,
        }
    }
}

pub(super) fn note(place: &mut Option<usize>, row: usize) {
    *place = Some(place.map_or(row, |other| row.min(other)));
}

struct Walk<'w> {
    tree: &'w Tree,
    segments: &'w Segments<'w>,
    asked: Asked,
    found: &'w mut Found,
    /// The numbers of the literals that the segments are. Used to compare long chains, which almost no table
    /// has.
    numbers: Option<[u32; MAX_SEGMENTS]>,
}

impl Walk<'_> {
    /// Visits a node that the first `depth` segments lead to. `near` says that some literal differed in case.
    fn visit(&mut self, node: &Node, depth: usize, near: bool) {
        if !node.may_match(self.segments.count() - depth, self.asked.certain | self.asked.possible) {
            return;
        }
        let tree = self.tree;
        let Some((depth, near)) = self.pass_chain(node, depth, near) else { return };
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

    /// Passes the chain of a node. None if the segments do not match it.
    fn pass_chain(&mut self, node: &Node, depth: usize, near: bool) -> Option<(usize, bool)> {
        let chain = self.tree.chain(node);
        if chain.is_empty() {
            return Some((depth, near));
        }
        let literals = self.tree.literals();
        let is_step = |(step, at): (&u32, usize)| {
            *step == PARAMETER || self.segments.get(at).is_some_and(|segment| literals.is(*step, segment))
        };
        let is_passed = if chain.len() <= FEW_STEPS {
            chain.iter().zip(depth..).all(is_step)
        } else {
            self.is_long_chain(chain, depth)
        };
        let segments = (depth..).map_while(|at| self.segments.get(at));
        is_passed.then(|| (depth + chain.len(), near || !self.tree.is_chain_exact(node, segments)))
    }

    #[inline(never)]
    fn is_long_chain(&mut self, chain: &[u32], depth: usize) -> bool {
        let number = |segment| self.tree.literals().find(segment).unwrap_or(NO_LITERAL);
        let numbers = self.numbers.get_or_insert_with(|| {
            std::array::from_fn(|at| self.segments.get(at).map_or(NO_LITERAL, number))
        });
        // A path with as many segments as a template also has those of the template's chains.
        let Some(numbers) = numbers.get(depth..depth + chain.len()) else { return false };
        // Several at once, without an early exit: a hostile target can match as much of a chain as it likes.
        let is_step = |(step, number): (&u32, &u32)| (*step == PARAMETER) | (step == number);
        let are_steps = |(steps, numbers): (&[u32; AT_ONCE], &[u32; AT_ONCE])| {
            steps.iter().zip(numbers).map(is_step).fold(true, |all, is_step| all & is_step)
        };
        let ((steps, last_steps), (numbers, last_numbers)) = (chain.as_chunks(), numbers.as_chunks());
        steps.iter().zip(numbers).all(are_steps) && last_steps.iter().zip(last_numbers).all(is_step)
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
