//! What is recorded about a policy table: for the audit, for clients, and for the next start.

use apikeyd_keystore::domain::{
    Action, Before, Change, FilesInForce, Lost, Sources, TableFacts, check_files,
};
use apikeyd_keystore::{Batch, StoreError};
use apikeyd_policy::{Effect, PolicyTable, Row};
use apikeyd_protocol::message::{PolicyRow, PolicySummary};
use apikeyd_protocol::term::Actor;
use apikeyd_protocol::time::Timestamp;

/// Records that a table is in force, and by which files, unless that is recorded already. Returns whether the
/// table differs from the previous one.
pub(in crate::operations) fn record_policy(
    batch: &mut Batch<'_>,
    at: Timestamp,
    actor: Actor,
    table: &PolicyTable,
    files: &FilesInForce,
) -> Result<bool, StoreError> {
    batch.note_files(files)?;
    let hash = hash(table.source());
    let changed = batch.policy_hash()? != Some(hash);
    if changed {
        let action = Action::LoadPolicy { rows: count(table.rows().len()), hash };
        batch.apply(&Change { at, actor, action })?;
    }
    Ok(changed)
}

/// Compares the sources of a start with what was in force before.
pub(in crate::operations) fn admission(
    sources: &Sources,
    table: &PolicyTable,
) -> impl FnOnce(&Before) -> Result<(), Lost> + use<> {
    let (sources, facts) = (sources.clone(), facts(table));
    move |before| check_files(before, &sources, &facts)
}

/// Facts about a table.
pub(in crate::operations) fn facts(table: &PolicyTable) -> TableFacts {
    TableFacts {
        rows: count(table.rows().len()),
        default_allow: table.default_effect() == Effect::Allow,
        hash: hash(table.source()),
    }
}

/// Identifies a table in the audit.
pub(in crate::operations) fn hash(source: &str) -> [u8; 32] {
    *blake3::hash(source.as_bytes()).as_bytes()
}

/// Identifies a table to clients: unlike [`hash`], over what they are shown and not over the file's text.
pub(in crate::operations) fn shown_hash(table: &PolicyTable) -> Option<[u8; 32]> {
    let default_allow = table.default_effect() == Effect::Allow;
    PolicySummary::hash(default_allow, table.case_sensitive(), table.rows().iter().map(shown)).ok()
}

/// A row as shown to clients.
pub(in crate::operations) fn shown(row: &Row) -> PolicyRow {
    PolicyRow {
        method: row.method().unwrap_or("*").to_owned(),
        path: row.template().to_owned(),
        allow: row.effect() == Effect::Allow,
        name: row.name().unwrap_or_default().to_owned(),
    }
}

/// A number of rows.
pub(in crate::operations) fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
