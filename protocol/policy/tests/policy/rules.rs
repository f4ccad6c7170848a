//! What a table says, read in the plainest way: one row after the other.

use apikeyd_policy::{Effect, PolicyTable};

/// An operation as a back end performs it: the method, and the segments that its router sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) segments: Vec<String>,
}

pub(crate) struct Rules {
    rows: Vec<(String, Vec<String>, Effect)>,
    default: Effect,
}

impl Rules {
    pub(crate) fn of(table: &PolicyTable) -> Self {
        let row = |row: &apikeyd_policy::Row| {
            let segments = row.template().split('/').filter(|segment| !segment.is_empty()).map(str::to_owned);
            (row.method().unwrap_or("*").to_owned(), segments.collect(), row.effect())
        };
        Self { rows: table.rows().iter().map(row).collect(), default: table.default_effect() }
    }

    /// True when the operation may not be done. `same` says whether a router takes a segment for a literal.
    pub(crate) fn deny(&self, operation: &Operation, same: impl Fn(&str, &str) -> bool) -> bool {
        let covers = |(method, template, _): &&(String, Vec<String>, Effect)| {
            (method == "*" || *method == operation.method)
                && template.len() == operation.segments.len()
                && template.iter().zip(&operation.segments).all(|(part, segment)| {
                    part.starts_with('{') && !segment.is_empty() || same(part, segment)
                })
        };
        let mut effects = self.rows.iter().filter(covers).map(|(_, _, effect)| *effect).peekable();
        match effects.peek() {
            None => self.default == Effect::Deny,
            Some(_) => effects.any(|effect| effect == Effect::Deny),
        }
    }

    /// Operations that are denied, in the spelling of the table.
    pub(crate) fn denied(&self) -> Vec<Operation> {
        let fill = |part: &String| if part.starts_with('{') { "42".to_owned() } else { part.clone() };
        self.rows
            .iter()
            .filter(|(_, _, effect)| *effect == Effect::Deny)
            .map(|(method, template, _)| Operation {
                method: if method == "*" { "POST".into() } else { method.clone() },
                segments: template.iter().map(fill).collect(),
            })
            .collect()
    }
}
