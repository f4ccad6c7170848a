//! A table of rows that somebody else has read, as a daemon sends them to its clients.

use crate::method::{self, Methods};
use crate::template::Template;
use crate::{Effect, MAX_ROWS, PolicyTable, Row};

/// A row as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedRow<'r> {
    /// The method, `*` for every one.
    pub method: &'r str,
    /// The path template.
    pub path: &'r str,
    /// What the row does.
    pub effect: Effect,
    /// What the operation does, in words; empty if the row has no name.
    pub name: &'r str,
}

/// A row that no file could contain: the sender uses other rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {number} is not one that a policy file can have")]
pub struct RowFault {
    /// The number of the row, from 1.
    pub number: usize,
}

impl PolicyTable {
    /// Builds a table of rows in the order of their file. It judges like the table that they come from; its
    /// [`source`](PolicyTable::source) is empty, and the lines of its rows are their numbers.
    ///
    /// # Errors
    /// [`RowFault`] for the first invalid row.
    pub fn from_rows<'r>(
        default: Effect,
        case_sensitive: bool,
        handed: impl IntoIterator<Item = HandedRow<'r>>,
    ) -> Result<Self, RowFault> {
        let (mut rows, mut methods) = (Vec::new(), Methods::default());
        for (row, number) in handed.into_iter().zip(1..) {
            if number > MAX_ROWS {
                return Err(RowFault { number });
            }
            rows.push(read(&row, number, &mut methods).ok_or(RowFault { number })?);
        }
        Ok(Self::of(default, case_sensitive, rows, methods))
    }
}

fn read(row: &HandedRow<'_>, number: usize, methods: &mut Methods) -> Option<Row> {
    let HandedRow { method, path, effect, name } = *row;
    let method = match method {
        "*" => None,
        named => (method::fault(named).is_none() && methods.add(named)).then(|| Some(named.into()))?,
    };
    let name = (!name.is_empty()).then(|| name.into());
    Some(Row { name, method, template: Template::parse(path).ok()?, effect, line: number })
}
