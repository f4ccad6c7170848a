//! The service's state in memory, which the store informs of its commits.

use super::policy_table::shown_hash;
use crate::logging::RateLimit;
use crate::revocation::Generations;
use apikeyd_keystore::domain::{Draft, DraftLimits, Drafts, DraftsFull, FilesInForce, Refusal};
use apikeyd_keystore::{Effects, Observer};
use apikeyd_policy::{PolicyTable, Row};
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::time::Timestamp;
use arc_swap::{ArcSwap, Guard};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Drafts at a time: about 40 MiB with user ids and labels of maximum length. The share of a uid is an eighth,
/// 5 MiB: a uid that abandons thirteen drafts a second stays below it, and drafts that an import saves at once
/// do not accumulate.
const DRAFTS: DraftLimits = DraftLimits { all: 65_536, share: 8_192 };

/// Drafts, generations and the policy table.
#[derive(Debug)]
pub(in crate::operations) struct Memory {
    pub(in crate::operations) generations: Generations,
    policy: ArcSwap<InForce>,
    /// Held while the epoch is incremented, so that the policy table always carries the right one.
    epoch_turn: Mutex<()>,
    files: Mutex<FilesRead>,
    drafts: Mutex<Drafts>,
}

/// The files in force, and when they were read.
#[derive(Clone, Debug)]
pub(in crate::operations) struct FilesRead {
    pub(in crate::operations) files: FilesInForce,
    pub(in crate::operations) at: Timestamp,
}

/// The policy table in force.
#[derive(Debug)]
pub(in crate::operations) struct InForce {
    pub(in crate::operations) table: Arc<PolicyTable>,
    /// The epoch from which on this table is in force, until the next epoch. A client that finds it in the page
    /// may judge by this table: the table is put in force first, then the epoch is set.
    pub(in crate::operations) epoch: u64,
    /// Identifies the table to clients; none for a table that is too long to be sent.
    pub(in crate::operations) hash: Option<[u8; 32]>,
}

impl InForce {
    /// The position of a row in this table.
    pub(in crate::operations) fn position(&self, row: &Row) -> Option<usize> {
        // Rows are in the order of the file, and a line may have several.
        let rows = self.table.rows();
        let start = rows.partition_point(|other| other.line() < row.line());
        rows.iter().skip(start).position(|other| core::ptr::eq(other, row)).map(|after| start + after)
    }
}

impl Memory {
    pub(in crate::operations) fn new(
        generations: Generations,
        policy: PolicyTable,
        files: FilesRead,
    ) -> Self {
        let hash = shown_hash(&policy);
        let in_force = InForce { table: Arc::new(policy), epoch: generations.epoch(), hash };
        Self {
            generations,
            policy: ArcSwap::from_pointee(in_force),
            epoch_turn: Mutex::default(),
            drafts: Mutex::new(Drafts::new(DRAFTS)),
            files: Mutex::new(files),
        }
    }

    pub(in crate::operations) fn policy(&self) -> Guard<Arc<InForce>> {
        self.policy.load()
    }

    /// Puts a table in force for every validation that starts from now on, including those answered from
    /// caches.
    pub(in crate::operations) fn put_in_force(&self, table: PolicyTable) {
        let hash = shown_hash(&table);
        self.next_epoch(|_| (Arc::new(table), hash));
    }

    /// The files in force.
    pub(in crate::operations) fn files(&self) -> FilesRead {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records which files are in force from now on.
    pub(in crate::operations) fn set_files(&self, read: FilesRead) {
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = read;
    }

    /// Invalidates all cached verdicts.
    pub(in crate::operations) fn bump_epoch(&self) {
        self.next_epoch(|in_force| (Arc::clone(&in_force.table), in_force.hash));
    }

    fn next_epoch(&self, next: impl FnOnce(&InForce) -> (Arc<PolicyTable>, Option<[u8; 32]>)) {
        let _turn = self.epoch_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = self.generations.epoch().wrapping_add(1);
        let (table, hash) = next(&self.policy.load());
        self.policy.store(Arc::new(InForce { table, epoch, hash }));
        self.generations.bump_epoch();
    }

    pub(in crate::operations) fn drafts(&self) -> MutexGuard<'_, Drafts> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::operations) fn draft(&self, now: Timestamp, key_id: KeyId) -> Option<Draft> {
        self.drafts().get(now, key_id).cloned()
    }

    pub(in crate::operations) fn draft_of(&self, now: Timestamp, user: &UserId) -> Option<KeyId> {
        self.drafts().of_user(now, user).map(|draft| draft.key_id)
    }
}

/// Uids whose log lines do not suppress each other's.
const LINES: usize = 64;

/// What the caller is told if there is no room for its draft. The operator is told each time a share fills up.
pub(in crate::operations) fn no_room(uid: u32, full: DraftsFull) -> Refusal {
    static ALL: RateLimit = RateLimit::new();
    static SHARES: [RateLimit; LINES] = [const { RateLimit::new() }; LINES];
    match full {
        DraftsFull::All => {
            let limit = DRAFTS.all;
            if let Some(pass) = ALL.now() {
                tracing::warn!(
                    uid,
                    limit,
                    suppressed = pass.suppressed,
                    "no room for more drafts: nobody can generate"
                );
            }
            Refusal::TooManyDrafts { limit }
        }
        DraftsFull::Share { limit, first } => {
            let line = usize::try_from(uid).ok().and_then(|uid| SHARES.get(uid % LINES));
            if let Some(pass) = line.filter(|_| first).and_then(RateLimit::now) {
                let suppressed = pass.suppressed;
                tracing::warn!(
                    uid,
                    limit,
                    suppressed,
                    "the share of drafts of this uid is full: it cannot generate"
                );
            }
            Refusal::ShareFull { uid, limit }
        }
    }
}

impl Observer for Memory {
    fn committed(&self, effects: &Effects) {
        if !effects.drafts.is_empty() {
            let mut drafts = self.drafts();
            effects.drafts.iter().for_each(|key_id| drafts.remove(*key_id));
        }
        effects.invalidated.iter().for_each(|key_id| self.generations.bump(*key_id));
    }

    fn in_doubt(&self) {
        self.bump_epoch();
    }
}
