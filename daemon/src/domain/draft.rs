//! Keys that were shown and not yet saved. They live in memory only.

use super::record::KeyTag;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A key that waits to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The key's id, which names the draft.
    pub key_id: KeyId,
    /// Whose key it will be.
    pub user: UserId,
    /// What a person wrote beside it.
    pub label: Option<Label>,
    /// When the saved key will end by itself.
    pub expires_at: Option<Timestamp>,
    /// What will be stored in place of the key.
    pub tag: KeyTag,
    /// The uid that asked for it, and alone may save or discard it.
    pub owner: u32,
    /// From when on it cannot be saved any more.
    pub draft_expires_at: Timestamp,
}

/// All drafts: one for each user at the most, a bounded number, each gone after its time.
#[derive(Debug)]
pub struct Drafts {
    capacity: usize,
    by_id: BTreeMap<KeyId, Draft>,
    by_user: BTreeMap<UserId, KeyId>,
    by_expiry: BTreeSet<(Timestamp, KeyId)>,
}

/// There is no room for another draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftsFull;

impl Drafts {
    /// An empty table for at most `capacity` drafts.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, by_id: BTreeMap::new(), by_user: BTreeMap::new(), by_expiry: BTreeSet::new() }
    }

    /// Takes a draft in. An older draft of the same user goes, whoever asked for it.
    ///
    /// # Errors
    /// [`DraftsFull`] when the table holds its capacity of other users' drafts; nothing has changed then but
    /// that expired drafts are gone.
    pub fn insert(&mut self, now: Timestamp, draft: Draft) -> Result<(), DraftsFull> {
        self.expire(now);
        let older = self.by_user.get(&draft.user).copied();
        if older.is_none() && self.by_id.len() >= self.capacity {
            return Err(DraftsFull);
        }
        if let Some(older) = older {
            self.remove(older);
        }
        self.by_user.insert(draft.user.clone(), draft.key_id);
        self.by_expiry.insert((draft.draft_expires_at, draft.key_id));
        self.by_id.insert(draft.key_id, draft);
        Ok(())
    }

    /// A draft by its id, unless its time has passed.
    #[must_use]
    pub fn get(&self, now: Timestamp, key_id: KeyId) -> Option<&Draft> {
        self.by_id.get(&key_id).filter(|draft| now < draft.draft_expires_at)
    }

    /// The draft of a user, unless its time has passed.
    #[must_use]
    pub fn of_user(&self, now: Timestamp, user: &UserId) -> Option<&Draft> {
        self.by_user.get(user).and_then(|key_id| self.get(now, *key_id))
    }

    /// Removes a draft; there need be none.
    pub fn remove(&mut self, key_id: KeyId) {
        if let Some(draft) = self.by_id.remove(&key_id) {
            self.by_expiry.remove(&(draft.draft_expires_at, key_id));
            self.by_user.remove(&draft.user);
        }
    }

    /// Removes the drafts whose time has passed.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((at, key_id)) = self.by_expiry.first().copied()
            && at <= now
        {
            self.remove(key_id);
        }
    }

    /// The number of drafts, those included whose time has passed since the last
    /// [`insert`](Drafts::insert) or [`expire`](Drafts::expire).
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is no draft.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    fn draft(id: u64, user: &str, until: u64) -> Draft {
        Draft {
            key_id: KeyId::new(id).unwrap(),
            user: UserId::parse(user).unwrap(),
            label: None,
            expires_at: None,
            tag: KeyTag::from_bytes([0; 32]),
            owner: 1000,
            draft_expires_at: at(until),
        }
    }

    #[test]
    fn a_newer_draft_of_a_user_takes_the_place_of_the_older_one() {
        let mut drafts = Drafts::new(1);
        drafts.insert(at(0), draft(1, "a", 10)).unwrap();
        drafts.insert(at(1), draft(2, "a", 11)).unwrap();
        assert_eq!(drafts.get(at(1), KeyId::new(1).unwrap()), None);
        assert_eq!(drafts.of_user(at(1), &UserId::parse("a").unwrap()).unwrap().key_id.get(), 2);
        assert_eq!(drafts.len(), 1);
    }

    #[test]
    fn a_full_table_refuses_other_users_until_a_draft_expires() {
        let mut drafts = Drafts::new(1);
        drafts.insert(at(0), draft(1, "a", 10)).unwrap();
        assert_eq!(drafts.insert(at(9), draft(2, "b", 20)), Err(DraftsFull));
        assert!(drafts.get(at(9), KeyId::new(1).unwrap()).is_some());
        drafts.insert(at(10), draft(2, "b", 20)).unwrap();
        assert_eq!(drafts.len(), 1);
    }

    #[test]
    fn a_draft_ends_at_its_instant() {
        let mut drafts = Drafts::new(8);
        drafts.insert(at(0), draft(1, "a", 10)).unwrap();
        let id = KeyId::new(1).unwrap();
        assert!(drafts.get(at(9), id).is_some());
        assert!(drafts.get(at(10), id).is_none(), "gone before anybody swept");
        drafts.expire(at(10));
        assert!(drafts.is_empty() && drafts.by_user.is_empty() && drafts.by_expiry.is_empty());
    }
}
