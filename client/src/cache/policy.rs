//! The daemon's policy table, to judge by in this process.

use super::mapped::MappedPage;
use super::memo::Memo;
use super::tag::{Tag, TagKey};
use apikeyd_policy::{Effect, HandedRow, PolicyTable, Verdict};
use apikeyd_protocol::message::{Freshness, Operation, PolicyPage, PolicyRow, PolicySummary};
use std::sync::Arc;

/// A table that is in force while instance and epoch are these.
#[derive(Clone)]
pub(super) struct InForce {
    instance: u64,
    epoch: u64,
    /// Shared by all epochs in which the daemon has this table, with the operations that it was found to allow.
    pub(super) table: Arc<LocalPolicy>,
}

/// The rows of a table, to judge by.
pub(super) struct LocalPolicy {
    table: PolicyTable,
    allowed: Memo,
    hash: [u8; 32],
}

/// A table that is being fetched, page by page.
pub(super) struct PartialTable {
    page: Arc<MappedPage>,
    /// The table used so far.
    held: Option<Arc<LocalPolicy>>,
    heading: Option<Heading>,
    rows: Vec<PolicyRow>,
    /// Where the next page starts; none when all have come.
    next: Option<u32>,
}

/// What all pages of one table have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Heading {
    epoch: u64,
    total: u32,
    default_allow: bool,
    case_sensitive: bool,
}

impl InForce {
    /// Whether the daemon judges by this table while its numbers are these.
    #[inline]
    pub(super) fn is_of(&self, freshness: &Freshness) -> bool {
        self.instance == freshness.instance && self.epoch == freshness.epoch
    }
}

impl LocalPolicy {
    /// Whether the daemon would allow the operation.
    #[inline]
    pub(super) fn allows(&self, tags: &TagKey, operation: &Operation<'_>) -> bool {
        let tag = tags.of_operation(operation);
        self.allowed.holds(&tag) || self.judge(&tag, operation)
    }

    fn judge(&self, tag: &Tag, operation: &Operation<'_>) -> bool {
        let is_allowed = self.table.judge(operation.method, operation.target).verdict == Verdict::Allow;
        if is_allowed {
            self.allowed.remember(tag);
        }
        is_allowed
    }
}

impl PartialTable {
    pub(super) fn of(page: Arc<MappedPage>, held: Option<Arc<LocalPolicy>>) -> Self {
        Self { page, held, heading: None, rows: Vec::new(), next: Some(0) }
    }

    /// Whether there is a table already, which may be the daemon's.
    pub(super) const fn has_previous(&self) -> bool {
        self.held.is_some()
    }

    /// The table used so far, if it is the daemon's, and the daemon is the one that handed the page over.
    pub(super) fn kept(&self, summary: &PolicySummary) -> Option<InForce> {
        let table = self.held.as_ref().filter(|held| held.hash == summary.hash)?;
        let (instance, epoch) = (self.page.instance(), summary.epoch);
        (!self.page.has_new_instance()).then(|| InForce { instance, epoch, table: Arc::clone(table) })
    }

    /// Where the next page to ask for starts; none when all have come.
    pub(super) const fn next(&self) -> Option<u32> {
        self.next
    }

    /// Adds a page. False when it is of another table than those before; then the table is useless.
    pub(super) fn add(&mut self, page: PolicyPage) -> bool {
        let PolicyPage { total, default_allow, case_sensitive, epoch, rows, next } = page;
        let heading = Heading { epoch, total, default_allow, case_sensitive };
        let fits = *self.heading.get_or_insert(heading) == heading
            // An empty page that is not the last would be asked for again and again.
            && (next.is_none() || !rows.is_empty());
        self.rows.extend(rows);
        self.next = next;
        fits && u32::try_from(self.rows.len()).is_ok_and(|rows| rows <= total)
    }

    /// The table, if it is complete and the daemon is the one that handed the page over: another one may have the
    /// same epoch with other rows.
    pub(super) fn finish(self) -> Option<InForce> {
        let Self { page, heading, rows, next, .. } = self;
        let Heading { epoch, total, default_allow, case_sensitive } = heading?;
        let effect = |allow| if allow { Effect::Allow } else { Effect::Deny };
        let is_complete = next.is_none() && u32::try_from(rows.len()) == Ok(total);
        if !is_complete || page.has_new_instance() {
            return None;
        }
        let hash = PolicySummary::hash(default_allow, case_sensitive, &rows).ok()?;
        let rows = rows.iter().map(|row| HandedRow {
            method: &row.method,
            path: &row.path,
            effect: effect(row.allow),
            name: &row.name,
        });
        let table = PolicyTable::from_rows(effect(default_allow), case_sensitive, rows).ok()?;
        let table = Arc::new(LocalPolicy { table, allowed: Memo::new(), hash });
        Some(InForce { instance: page.instance(), epoch, table })
    }
}
