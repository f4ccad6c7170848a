//! Keys that were shown and not yet saved. They exist only in memory.

use super::record::KeyTag;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::time::Timestamp;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// A key waiting to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The key's id, which identifies the draft.
    pub key_id: KeyId,
    /// The key's future owner.
    pub user: UserId,
    /// A person's note on the key.
    pub label: Option<Label>,
    /// When the saved key will expire.
    pub expires_at: Option<Timestamp>,
    /// What will be stored in place of the key.
    pub tag: KeyTag,
    /// The uid that requested it; only this uid may save or discard it.
    pub owner: u32,
    /// From this time on it can no longer be saved.
    pub draft_expires_at: Timestamp,
}

/// The maximum number of drafts at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftLimits {
    /// Of all callers together.
    pub all: usize,
    /// Of one uid, root included: its share.
    pub share: usize,
}

/// All drafts: at most one for each user, a limited number per uid and in all, each removed after its time.
#[derive(Debug)]
pub struct Drafts {
    limits: DraftLimits,
    shares: BTreeMap<u32, Share>,
    by_id: BTreeMap<KeyId, Draft>,
    by_user: BTreeMap<UserId, KeyId>,
    by_expiry: BTreeSet<(Timestamp, KeyId)>,
}

/// The drafts of one uid. A uid without drafts has no entry, so there are never more entries than drafts.
#[derive(Debug, Default)]
struct Share {
    drafts: usize,
    /// The operator was told that the share is full. Told again only after it was half empty: otherwise a
    /// caller that alternately adds and drops a draft would flood the log.
    told: bool,
}

/// There is no room for another draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftsFull {
    /// The table is full.
    All,
    /// The caller's share is full. Others are not affected.
    Share {
        /// The share: drafts at a time.
        limit: usize,
        /// Whether this is the first refusal since the share was at most half full.
        first: bool,
    },
}

impl Drafts {
    /// An empty table with the given limits.
    #[must_use]
    pub const fn new(limits: DraftLimits) -> Self {
        Self {
            limits,
            shares: BTreeMap::new(),
            by_id: BTreeMap::new(),
            by_user: BTreeMap::new(),
            by_expiry: BTreeSet::new(),
        }
    }

    /// Adds a draft, which counts towards its owner. It replaces an older draft of the same user, no matter who made
    /// it, which no longer counts towards its own owner.
    ///
    /// # Errors
    /// [`DraftsFull`] if drafts of other users fill the owner's share or the whole table; then nothing has
    /// changed, except that expired drafts were removed.
    pub fn insert(&mut self, now: Timestamp, draft: Draft) -> Result<(), DraftsFull> {
        self.expire(now);
        let older = self.by_user.get(&draft.user).and_then(|key_id| self.by_id.get(key_id));
        let older = older.map(|older| (older.key_id, older.owner));
        if older.is_none_or(|(_, owner)| owner != draft.owner) {
            self.check_share(draft.owner)?;
        }
        if older.is_none() && self.by_id.len() >= self.limits.all {
            return Err(DraftsFull::All);
        }
        if let Some((older, _)) = older {
            self.remove(older);
        }
        self.shares.entry(draft.owner).or_default().drafts += 1;
        self.by_user.insert(draft.user.clone(), draft.key_id);
        self.by_expiry.insert((draft.draft_expires_at, draft.key_id));
        self.by_id.insert(draft.key_id, draft);
        Ok(())
    }

    /// Whether the owner may have one more.
    fn check_share(&mut self, owner: u32) -> Result<(), DraftsFull> {
        let limit = self.limits.share;
        match self.shares.get_mut(&owner) {
            Some(share) if share.drafts >= limit => {
                let first = !core::mem::replace(&mut share.told, true);
                Err(DraftsFull::Share { limit, first })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A draft by its id, unless it has expired.
    #[must_use]
    pub fn get(&self, now: Timestamp, key_id: KeyId) -> Option<&Draft> {
        self.by_id.get(&key_id).filter(|draft| !draft.draft_expires_at.has_come(now))
    }

    /// The draft of a user, unless it has expired.
    #[must_use]
    pub fn of_user(&self, now: Timestamp, user: &UserId) -> Option<&Draft> {
        self.by_user.get(user).and_then(|key_id| self.get(now, *key_id))
    }

    /// Removes a draft, if there is one.
    pub fn remove(&mut self, key_id: KeyId) {
        if let Some(draft) = self.by_id.remove(&key_id) {
            self.by_expiry.remove(&(draft.draft_expires_at, key_id));
            self.by_user.remove(&draft.user);
            self.give_back(draft.owner);
        }
    }

    /// Releases one draft of this owner's share.
    fn give_back(&mut self, owner: u32) {
        if let Entry::Occupied(mut entry) = self.shares.entry(owner) {
            let share = entry.get_mut();
            share.drafts = share.drafts.saturating_sub(1);
            share.told &= share.drafts > self.limits.share / 2;
            if share.drafts == 0 {
                entry.remove();
            }
        }
    }

    /// Removes expired drafts.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((at, key_id)) = self.by_expiry.first().copied()
            && at.has_come(now)
        {
            self.remove(key_id);
        }
    }

    /// The number of drafts, including those that expired since the last [`insert`](Drafts::insert) or
    /// [`expire`](Drafts::expire).
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are no drafts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

#[cfg(test)]
mod tests;
