//! `policy show`

use super::file::table;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Rows};
use apikeyd_client::{Client, PolicyPage, PolicyRow};
use apikeyd_policy::{Effect, HandedRow, PolicyTable, Row};
use serde::Serialize;
use std::path::Path;

/// Reloads that are tolerated while the pages of one table are collected.
const ATTEMPTS: u32 = 5;

/// The answer of `policy show`, see JSON.md.
#[derive(Serialize)]
struct TableObject<'a> {
    default: &'static str,
    case_sensitive: bool,
    rows: Vec<RowObject<'a>>,
}

#[derive(Serialize)]
struct RowObject<'a> {
    method: &'a str,
    path: &'a str,
    effect: &'static str,
    name: &'a str,
}

/// A whole table.
struct Table {
    default_allow: bool,
    case_sensitive: bool,
    rows: Vec<PolicyRow>,
}

pub(crate) fn in_force(client: &Client, output: &mut Output) -> Result<Exit, Failure> {
    write(&fetch(client)?, output)
}

/// The daemon's table, to judge by here.
pub(super) fn table_in_force(client: &Client) -> Result<PolicyTable, Failure> {
    let table = fetch(client)?;
    let effect = |allow| if allow { Effect::Allow } else { Effect::Deny };
    let rows = table.rows.iter().map(|row| HandedRow {
        method: &row.method,
        path: &row.path,
        effect: effect(row.allow),
        name: &row.name,
    });
    PolicyTable::from_rows(effect(table.default_allow), table.case_sensitive, rows)
        .map_err(|fault| Failure::internal(format!("the daemon's table cannot be used here: {fault}")))
}

fn fetch(client: &Client) -> Result<Table, Failure> {
    for _ in 0..ATTEMPTS {
        if let Some(table) = collect(client)? {
            return Ok(table);
        }
    }
    Err(Failure::new(Exit::TryAgain, "the policy table kept changing while it was read; try again"))
}

pub(crate) fn file(path: &Path, output: &mut Output) -> Result<Exit, Failure> {
    let file = table(path)?;
    let table = Table {
        default_allow: file.default_effect() == Effect::Allow,
        case_sensitive: file.case_sensitive(),
        rows: file.rows().iter().map(row).collect(),
    };
    write(&table, output)
}

/// All pages; `None` when the table was swapped between two of them.
fn collect(client: &Client) -> Result<Option<Table>, Failure> {
    let PolicyPage { default_allow, case_sensitive, epoch, mut rows, mut next, .. } =
        client.policy_rows(0)?;
    while let Some(from) = next {
        let page = client.policy_rows(from)?;
        if page.epoch != epoch {
            return Ok(None);
        }
        if page.next.is_some_and(|next| next <= from) {
            return Err(Failure::internal("the daemon's pages repeat"));
        }
        rows.extend(page.rows);
        next = page.next;
    }
    Ok(Some(Table { default_allow, case_sensitive, rows }))
}

fn row(row: &Row) -> PolicyRow {
    PolicyRow {
        method: row.method().unwrap_or("*").to_owned(),
        path: row.template().to_owned(),
        allow: row.effect() == Effect::Allow,
        name: row.name().unwrap_or_default().to_owned(),
    }
}

fn write(table: &Table, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        let rows = table.rows.iter().map(|row| RowObject {
            method: &row.method,
            path: &row.path,
            effect: effect(row.allow),
            name: &row.name,
        });
        output.object(&TableObject {
            default: effect(table.default_allow),
            case_sensitive: table.case_sensitive,
            rows: rows.collect(),
        })?;
        return Ok(Exit::Done);
    }
    let cells = |row: &PolicyRow| {
        [effect(row.allow).to_owned(), row.method.clone(), row.path.clone(), row.name.clone()]
    };
    Rows::under(["EFFECT", "METHOD", "PATH", "NAME"])
        .batch(output, table.rows.iter().map(cells).collect())?;
    let case = if table.case_sensitive { "compared exactly" } else { "compared ignoring case" };
    output.note(format!("operations not listed: {}; paths are {case}", effect(table.default_allow)));
    Ok(Exit::Done)
}

fn effect(allow: bool) -> &'static str {
    if allow { "allow" } else { "deny" }
}
