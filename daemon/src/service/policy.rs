//! The policy table in force: shown, tried, exchanged.

use super::Service;
use super::error::ServiceError;
use super::memory::{FilesRead, InForce};
use super::permit::{Permit, right};
use super::waiting;
use apikeyd_keystore::domain::{
    Action, Before, Change, FilesInForce, Lost, Sources, TableFacts, check_files,
};
use apikeyd_keystore::{Batch, StoreError, Ticket};
use apikeyd_policy::{Effect, PolicyTable, Row, Verdict};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::limit::MAX_PAGE_ITEMS;
use apikeyd_protocol::message::{
    self, Operation, PolicyAnswer, PolicyPage, PolicyRow, PolicyRows, PolicySummary, PolicyVerdict, Reloaded,
};
use apikeyd_protocol::term::Actor;
use apikeyd_protocol::time::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of text in one page of rows, well below the limit of a frame.
const PAGE_BYTES: usize = 48 * 1024;

/// Bytes of a row besides its texts, at the most.
const ROW_BYTES: usize = 16;

impl Service {
    /// Some rows of the policy table.
    #[must_use]
    pub fn policy_page(&self, _permit: &Permit<'_, right::Validate>, request: PolicyRows) -> PolicyPage {
        let in_force = self.memory.policy();
        let InForce { table, epoch, .. } = &**in_force;
        let from = usize::try_from(request.from).unwrap_or(usize::MAX);
        let mut room = PAGE_BYTES;
        let mut rows = Vec::new();
        for row in table.rows().iter().skip(from).take(usize::from(MAX_PAGE_ITEMS)) {
            let row = shown(row);
            let bytes = row.method.len() + row.path.len() + row.name.len() + ROW_BYTES;
            let Some(left) = room.checked_sub(bytes) else { break };
            room = left;
            rows.push(row);
        }
        let end = from.saturating_add(rows.len());
        PolicyPage {
            total: count(table.rows().len()),
            default_allow: table.default_effect() == Effect::Allow,
            case_sensitive: table.case_sensitive(),
            epoch: *epoch,
            next: (end < table.rows().len()).then(|| count(end)),
            rows,
        }
    }

    /// What the policy table is, without its rows.
    ///
    /// # Errors
    /// `NotFound` for a table that cannot be handed over.
    pub fn policy_summary(
        &self,
        _permit: &Permit<'_, right::Validate>,
    ) -> Result<PolicySummary, ServiceError> {
        const NONE: &str =
            "the policy table has a row that is too long to be handed over: ask for each operation";
        let in_force = self.memory.policy();
        let InForce { table, epoch, hash } = &**in_force;
        Ok(PolicySummary {
            total: count(table.rows().len()),
            default_allow: table.default_effect() == Effect::Allow,
            case_sensitive: table.case_sensitive(),
            epoch: *epoch,
            hash: hash.ok_or_else(|| ServiceError::new(Status::NotFound, NONE))?,
        })
    }

    /// The policy table's verdict on one operation, without a key, lent to `answer`.
    pub fn policy_test<T>(
        &self,
        _permit: &Permit<'_, right::Validate>,
        operation: &Operation<'_>,
        answer: impl FnOnce(&PolicyAnswer<'_>) -> T,
    ) -> T {
        let in_force = self.memory.policy();
        let judgement = in_force.table.judge(operation.method, operation.target);
        let verdict = match judgement.verdict {
            Verdict::Allow => PolicyVerdict::Allow,
            Verdict::Deny => PolicyVerdict::Deny,
            Verdict::Ambiguous => PolicyVerdict::Ambiguous,
        };
        answer(&PolicyAnswer { verdict, because: &judgement.to_string() })
    }

    /// Puts another policy table in force. `actor` is a caller's [`Permit::actor`] (of an admin) or
    /// [`Actor::Daemon`] for a reload by signal. A table with the text of the one in force changes nothing. One
    /// whose row was written by an attempt that failed all the same is put in force, without another row. The store
    /// remembers the sources.
    ///
    /// # Errors
    /// `InvalidConfiguration`, when the sources are what is left after the loss of a file that is in force. Those of the
    /// store: without its audit row the change is not made.
    pub async fn load_policy(
        &self,
        actor: Actor,
        table: PolicyTable,
        sources: &Sources,
    ) -> Result<Reloaded, ServiceError> {
        let facts = facts(&table);
        let policy_rows = facts.rows;
        let (clock, memory) = (self.clock.clone(), Arc::clone(&self.memory));
        check_files(&Before::Files(memory.files().files), sources, &facts)
            .map_err(|lost| ServiceError::new(Status::InvalidConfiguration, lost.to_string()))?;
        let files = FilesInForce::of(sources, facts);
        let decide = move |batch: &mut Batch<'_>| {
            let now = clock.now();
            let recorded = record_policy(batch, now, actor, &table, &files)?;
            // After a commit in doubt the audit can be ahead of what is in force.
            let changed = recorded || memory.policy().table.source() != table.source();
            batch.after_commit(move || {
                if changed {
                    memory.put_in_force(table);
                }
                memory.set_files(FilesRead { files, at: now });
            });
            Ok(changed)
        };
        let policy_changed = waiting::write(&self.store, Ticket::URGENT, decide).await?;
        // Also when nothing changed: an earlier attempt may have made the change and never have been answered.
        self.settled().await;
        Ok(Reloaded { policy_rows, policy_changed })
    }

    /// The files in force, for those who may inspect.
    #[must_use]
    pub fn files_in_force(&self, _permit: &Permit<'_, right::Inspect>) -> message::FilesInForce {
        let FilesRead { files, at } = self.memory.files();
        let shown = |path: Option<PathBuf>| path.map(|path| path.to_string_lossy().into_owned());
        message::FilesInForce {
            configuration: shown(files.configuration),
            policy: shown(files.policy),
            policy_rows: files.table.rows,
            policy_default_allow: files.table.default_allow,
            policy_hash: files.table.hash,
            read_at: at,
        }
    }

    /// Puts the files in force into the journal, after a start or a reload.
    pub fn log_files(&self, when: &'static str) {
        let FilesRead { files, .. } = self.memory.files();
        let shown = |path: Option<PathBuf>, none: &str| {
            path.map_or_else(|| none.to_owned(), |path| path.to_string_lossy().into_owned())
        };
        tracing::info!(
            configuration = shown(files.configuration, "defaults"),
            policy = shown(files.policy, "compiled-in"),
            rows = files.table.rows,
            default = if files.table.default_allow { "allow" } else { "deny" },
            "{when}"
        );
    }

    pub(super) fn policy_rows(&self) -> u32 {
        count(self.memory.policy().table.rows().len())
    }
}

/// Writes down that a table is in force, and by which files, unless that is written already. Gives whether the table is
/// another one than before.
pub(super) fn record_policy(
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

/// Holds the sources of a start against what was in force before.
pub(super) fn admission(
    sources: &Sources,
    table: &PolicyTable,
) -> impl FnOnce(&Before) -> Result<(), Lost> + use<> {
    let (sources, facts) = (sources.clone(), facts(table));
    move |before| check_files(before, &sources, &facts)
}

/// A table in short.
pub(super) fn facts(table: &PolicyTable) -> TableFacts {
    TableFacts {
        rows: count(table.rows().len()),
        default_allow: table.default_effect() == Effect::Allow,
        hash: hash(table.source()),
    }
}

/// By what the audit knows a table.
pub(super) fn hash(source: &str) -> [u8; 32] {
    *blake3::hash(source.as_bytes()).as_bytes()
}

/// By what clients know a table: unlike [`hash`], of what they are shown, and not of the file's text.
pub(super) fn shown_hash(table: &PolicyTable) -> Option<[u8; 32]> {
    let default_allow = table.default_effect() == Effect::Allow;
    PolicySummary::hash(default_allow, table.case_sensitive(), table.rows().iter().map(shown)).ok()
}

fn shown(row: &Row) -> PolicyRow {
    PolicyRow {
        method: row.method().unwrap_or("*").to_owned(),
        path: row.template().to_owned(),
        allow: row.effect() == Effect::Allow,
        name: row.name().unwrap_or_default().to_owned(),
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
