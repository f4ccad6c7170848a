//! What a table says, read in the plainest way: one row after the other.

use apikeyd_policy::{Effect, PolicyTable};
use std::collections::HashMap;

/// An operation as a back end performs it: the method, and the segments that its router sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) segments: Vec<String>,
}

pub(crate) struct Rules {
    rows: Vec<(String, Vec<String>, Effect)>,
    tree: Tree,
    default: Effect,
}

impl Rules {
    pub(crate) fn of(table: &PolicyTable) -> Self {
        let row = |row: &apikeyd_policy::Row| {
            let segments = row.template().split('/').filter(|segment| !segment.is_empty()).map(str::to_owned);
            (row.method().unwrap_or("*").to_owned(), segments.collect(), row.effect())
        };
        let rows: Vec<(String, Vec<String>, Effect)> = table.rows().iter().map(row).collect();
        let mut tree = Tree::default();
        rows.iter().enumerate().for_each(|(at, row)| tree.add(&row.1, at));
        Self { rows, tree, default: table.default_effect() }
    }

    /// True when the operation may not be done. `same` says whether a router takes a segment for a literal.
    pub(crate) fn deny(&self, operation: &Operation, same: impl Fn(&str, &str) -> bool) -> bool {
        let mut effects = self.covering(operation, same).peekable();
        match effects.peek() {
            None => self.default == Effect::Deny,
            Some(_) => effects.any(|effect| effect == Effect::Deny),
        }
    }

    /// True when a row says that the operation may not be done.
    pub(crate) fn row_denies(&self, operation: &Operation, same: impl Fn(&str, &str) -> bool) -> bool {
        self.covering(operation, same).any(|effect| effect == Effect::Deny)
    }

    fn covering(
        &self,
        operation: &Operation,
        same: impl Fn(&str, &str) -> bool,
    ) -> impl Iterator<Item = Effect> {
        let covers = move |(method, template, _): &&(String, Vec<String>, Effect)| {
            (method == "*" || *method == operation.method)
                && template.len() == operation.segments.len()
                && template.iter().zip(&operation.segments).all(|(part, segment)| {
                    part.starts_with('{') && !segment.is_empty() || same(part, segment)
                })
        };
        self.rows.iter().filter(covers).map(|row| row.2)
    }

    /// True when some row denies the operation, in whichever case its literals are written.
    pub(crate) fn deny_by_row(&self, operation: &Operation) -> bool {
        let mut effects = self.effects(operation);
        effects.any(|effect| effect == Effect::Deny)
    }

    /// True when the operation may not be done, by a row or because none names it.
    pub(crate) fn deny_in_any_case(&self, operation: &Operation) -> bool {
        let mut effects = self.effects(operation).peekable();
        match effects.peek() {
            None => self.default == Effect::Deny,
            Some(_) => effects.any(|effect| effect == Effect::Deny),
        }
    }

    fn effects(&self, operation: &Operation) -> impl Iterator<Item = Effect> {
        let mut found = Vec::new();
        self.tree.collect(&operation.segments, &mut found);
        let rows = found.into_iter().map(|row| &self.rows[row]);
        rows.filter(|(method, ..)| method == "*" || *method == operation.method).map(|row| row.2)
    }

    /// An operation of each row, in the spelling of the table.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let fill = |part: &String| if part.starts_with('{') { "42".to_owned() } else { part.clone() };
        let operation = |(method, template, _): &(String, Vec<String>, Effect)| Operation {
            method: if method == "*" { "POST".into() } else { method.clone() },
            segments: template.iter().map(fill).collect(),
        };
        self.rows.iter().map(operation).collect()
    }
}

/// The rows by their segments, so that ten thousand of them are asked at once. Parameters are under the empty text.
#[derive(Default)]
struct Tree {
    children: HashMap<String, Tree>,
    rows: Vec<usize>,
}

impl Tree {
    fn add(&mut self, template: &[String], row: usize) {
        match template {
            [] => self.rows.push(row),
            [first, rest @ ..] => {
                let name = if first.starts_with('{') { String::new() } else { first.to_ascii_lowercase() };
                self.children.entry(name).or_default().add(rest, row);
            }
        }
    }

    fn collect(&self, segments: &[String], into: &mut Vec<usize>) {
        let [first, rest @ ..] = segments else { return into.extend(&self.rows) };
        if first.is_empty() {
            return;
        }
        for name in ["", first.to_ascii_lowercase().as_str()] {
            if let Some(child) = self.children.get(name) {
                child.collect(rest, into);
            }
        }
    }
}
