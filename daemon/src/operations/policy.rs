//! The policy table in force: shown, tested, replaced.

use super::dispatch::serve::Hold;
use super::dispatch::serve::{Body, Call, Serve, Served};
use super::error::{ErrorKind, ServiceError};
use super::permit::Permit;
use super::service::Service;
use super::service::{self};
use super::state::memory::{FilesRead, InForce};
use super::state::policy_table::{count, facts, record_policy, shown};
use apikeyd_keystore::domain::{Before, FilesInForce, Sources, check_files};
use apikeyd_keystore::{Batch, Ticket};
use apikeyd_policy::{Effect, PolicyTable, Verdict};
use apikeyd_protocol::limit::MAX_PAGE_ITEMS;
use apikeyd_protocol::message::{
    self, Operation, PolicyAnswer, PolicyPage, PolicyRows, PolicySummary, PolicyVerdict, Reloaded,
};
use apikeyd_protocol::operation;
use apikeyd_protocol::right::types;
use apikeyd_protocol::term::Actor;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of text in one page of rows, well below the limit of a frame.
const PAGE_BYTES: usize = 48 * 1024;

/// Maximum number of bytes in a row besides its texts.
const ROW_BYTES: usize = 16;

impl Serve for operation::PolicyRows {
    const HOLD: Hold = Hold::Never;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let page = call.daemon.service.policy_page(&call.permit, call.request);
        Ok(call.reply.answer::<Self>(&page))
    }
}

impl Serve for operation::PolicySummary {
    const HOLD: Hold = Hold::Never;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let summary = call.daemon.service.policy_summary(&call.permit)?;
        Ok(call.reply.answer::<Self>(&summary))
    }
}

impl Serve for operation::PolicyTest {
    const HOLD: Hold = Hold::Before;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let (verdict, because) = call.daemon.service.policy_test(&call.permit, &call.request);
        Ok(call.reply.answer::<Self>(&PolicyAnswer { verdict, because: &because }))
    }
}

impl Serve for operation::FilesInForce {
    const HOLD: Hold = Hold::Before;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let files = call.daemon.service.files_in_force(&call.permit);
        Ok(call.reply.answer::<Self>(&files))
    }
}

impl Serve for operation::Reload {
    const HOLD: Hold = Hold::After;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, caller, permit, .. } = call;
        let (daemon, presence) = (Arc::clone(daemon), caller.presence.clone());
        Ok(Served::later(async move {
            let gone = || presence.is_gone();
            let reloaded = daemon.reload.reload(&daemon.service, permit.actor(), &gone).await?;
            Body::of::<Self>(&reloaded)
        }))
    }
}

impl Service {
    /// Some rows of the policy table.
    #[must_use]
    pub fn policy_page(&self, _permit: &Permit<types::Validate>, request: PolicyRows) -> PolicyPage {
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

    /// Identifies the policy table, without its rows.
    ///
    /// # Errors
    /// `NotFound` for a table that cannot be sent.
    pub fn policy_summary(&self, _permit: &Permit<types::Validate>) -> Result<PolicySummary, ServiceError> {
        const NONE: &str = "the policy table has a row that is too long to send: ask for each operation";
        let in_force = self.memory.policy();
        let InForce { table, epoch, hash } = &**in_force;
        Ok(PolicySummary {
            total: count(table.rows().len()),
            default_allow: table.default_effect() == Effect::Allow,
            case_sensitive: table.case_sensitive(),
            epoch: *epoch,
            hash: hash.ok_or_else(|| ServiceError::new(ErrorKind::NotFound, NONE))?,
        })
    }

    /// The policy table's decision on one operation, without a key, and its reason in words.
    #[must_use]
    pub fn policy_test(
        &self,
        _permit: &Permit<types::Validate>,
        operation: &Operation<'_>,
    ) -> (PolicyVerdict, String) {
        let in_force = self.memory.policy();
        let judgement = in_force.table.judge(operation.method, operation.target);
        let verdict = match judgement.verdict {
            Verdict::Allow => PolicyVerdict::Allow,
            Verdict::Deny => PolicyVerdict::Deny,
            Verdict::Ambiguous => PolicyVerdict::Ambiguous,
        };
        (verdict, judgement.to_string())
    }

    /// Puts another policy table in force. `actor` is a caller's [`Permit::actor`] (of an admin) or
    /// [`Actor::Daemon`] for a reload by signal. A table with the same text as the one in force changes
    /// nothing. If an attempt failed although its row was written, the table is put in force without another
    /// row. The store records the sources.
    ///
    /// # Errors
    /// `InvalidConfiguration` if the sources result from the loss of a file that is in force. Those of the
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
            .map_err(|lost| ServiceError::new(ErrorKind::InvalidConfiguration, lost.to_string()))?;
        let files = FilesInForce::of(sources, facts);
        let decide = move |batch: &mut Batch<'_>| {
            let now = clock.now();
            let recorded = record_policy(batch, now, actor, &table, &files)?;
            // After a commit in doubt, the audit may be ahead of what is in force.
            let changed = recorded || memory.policy().table.source() != table.source();
            batch.after_commit(move || {
                if changed {
                    memory.put_in_force(table);
                }
                memory.set_files(FilesRead { files, at: now });
            });
            Ok(changed)
        };
        let policy_changed = service::write(&self.store, Ticket::URGENT, decide).await?;
        // Even if nothing changed: an earlier attempt may have made the change and never have been answered.
        self.settled().await;
        Ok(Reloaded { policy_rows, policy_changed })
    }

    /// The files in force, for callers that may inspect.
    #[must_use]
    pub fn files_in_force(&self, _permit: &Permit<types::Inspect>) -> message::FilesInForce {
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

    /// Logs the files in force, after a start or a reload.
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
