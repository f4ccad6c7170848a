//! The daemon's policy table in this process.

use super::attached::Attached;
use super::memo::Memo;
use super::tag::{Tag, TagKey};
use apikeyd_policy::{Effect, HandedRow, PolicyTable, Verdict};
use apikeyd_protocol::message::{Freshness, Operation, PolicyPage, PolicyRow, PolicySummary};
use std::sync::Arc;

/// A table that counts while instance and epoch are these.
#[derive(Clone)]
pub(super) struct InForce {
    instance: u64,
    epoch: u64,
    /// Shared by all epochs in which the daemon has this table, with what it was found to allow.
    pub(super) table: Arc<LocalPolicy>,
}

/// The rows of a table, to judge by.
pub(super) struct LocalPolicy {
    table: PolicyTable,
    allowed: Memo,
    hash: [u8; 32],
}

/// A table on its way, page by page.
pub(super) struct Table {
    page: Arc<Attached>,
    /// The one that was used so far.
    held: Option<Arc<LocalPolicy>>,
    heading: Option<Heading>,
    rows: Vec<PolicyRow>,
    /// Where the next page starts; none when all are there.
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
    /// Whether this is the table by which the daemon judges while this freshness stands.
    #[inline]
    pub(super) fn is_of(&self, seen: &Freshness) -> bool {
        self.instance == seen.instance && self.epoch == seen.epoch
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

impl Table {
    pub(super) fn of(page: Arc<Attached>, held: Option<Arc<LocalPolicy>>) -> Self {
        Self { page, held, heading: None, rows: Vec::new(), next: Some(0) }
    }

    /// Whether there is a table that may be the daemon's.
    pub(super) const fn holds_one(&self) -> bool {
        self.held.is_some()
    }

    /// The table that was used so far, if the daemon's is the same and the daemon is the one that handed the page over.
    pub(super) fn kept(&self, summary: &PolicySummary) -> Option<InForce> {
        let table = self.held.as_ref().filter(|held| held.hash == summary.hash)?;
        let (instance, epoch) = (self.page.instance(), summary.epoch);
        (!self.page.is_begun_anew()).then(|| InForce { instance, epoch, table: Arc::clone(table) })
    }

    /// Where the page starts that is to be asked for next; none when all are there.
    pub(super) const fn next(&self) -> Option<u32> {
        self.next
    }

    /// Adds a page. False when it is of another table than those before: then all is in vain.
    pub(super) fn add(&mut self, page: PolicyPage) -> bool {
        let PolicyPage { total, default_allow, case_sensitive, epoch, rows, next } = page;
        let heading = Heading { epoch, total, default_allow, case_sensitive };
        let fits = *self.heading.get_or_insert(heading) == heading
            // A page that gives nothing and yet is not the last would be asked for again and again.
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
        if !is_complete || page.is_begun_anew() {
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
