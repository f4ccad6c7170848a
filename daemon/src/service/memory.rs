//! What the service holds in memory and the store tells of its commits.

use crate::domain::{Draft, Drafts};
use crate::revocation::Generations;
use crate::store::{Effects, Observer};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::time::Timestamp;
use arc_swap::ArcSwap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Drafts at the most. Each holds a user id and a label: some 40 MiB if all are as long as they may be.
const MAX_DRAFTS: usize = 65_536;

/// Drafts, generations and the policy table.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) generations: Generations,
    pub(super) policy: ArcSwap<PolicyTable>,
    drafts: Mutex<Drafts>,
}

impl Memory {
    pub(super) fn new(generations: Generations, policy: PolicyTable) -> Self {
        Self {
            generations,
            policy: ArcSwap::from_pointee(policy),
            drafts: Mutex::new(Drafts::new(MAX_DRAFTS)),
        }
    }

    pub(super) fn drafts(&self) -> MutexGuard<'_, Drafts> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn draft(&self, now: Timestamp, key_id: KeyId) -> Option<Draft> {
        self.drafts().get(now, key_id).cloned()
    }

    pub(super) fn draft_of(&self, now: Timestamp, user: &UserId) -> Option<KeyId> {
        self.drafts().of_user(now, user).map(|draft| draft.key_id)
    }
}

impl Observer for Memory {
    fn committed(&self, effects: &Effects) {
        if !effects.drafts.is_empty() {
            let mut drafts = self.drafts();
            effects.drafts.iter().for_each(|key_id| drafts.remove(*key_id));
        }
        effects.touched.iter().for_each(|key_id| self.generations.bump(*key_id));
    }

    fn in_doubt(&self) {
        self.generations.bump_epoch();
    }
}
