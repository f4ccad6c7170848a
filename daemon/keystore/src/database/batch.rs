//! Writing: commands are decided and applied one after another in one transaction.

use crate::database::audit_codec;
use crate::database::files_codec;
use crate::database::record_codec;
use crate::database::schema::{
    ACTIVE, AUDIT, DUE, Head, KEYS, META, META_FILES, META_HEAD, META_POLICY, REVOKED, USED,
};
use crate::database::view;
use crate::domain::{Action, Change, FilesInForce, KeyRecord};
use crate::error::StoreError;
use crate::secrets::Secrets;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::{KeyState, RevocationCause};
use apikeyd_protocol::time::Timestamp;
use core::fmt;
use redb::{ReadableTable, Table, WriteTransaction};
use std::collections::BTreeSet;

/// The transaction's own view: a command sees what earlier commands of the batch did.
pub struct Batch<'t> {
    meta: Table<'t, &'static str, &'static [u8]>,
    keys: Table<'t, u64, &'static [u8]>,
    active: Table<'t, &'static str, u64>,
    due: Table<'t, (u64, u64), ()>,
    revoked: Table<'t, (u64, u64), ()>,
    audit: Table<'t, u64, &'static [u8]>,
    used: Table<'t, u64, u64>,
    secrets: &'t Secrets,
    head: Head,
    /// Whether anything was written.
    dirty: bool,
    /// Why a change was begun and not completed: then nothing of the batch may be committed.
    broken: Option<StoreError>,
    effects: Effects,
}

/// What takes effect in memory once the batch is durable.
#[derive(Default)]
pub struct Effects {
    /// Keys whose state changed, or whose revocation somebody must be able to rely on.
    pub invalidated: Vec<KeyId>,
    /// Drafts to remove.
    pub drafts: BTreeSet<KeyId>,
    /// Anything else.
    pub then: Vec<Box<dyn FnOnce() + Send>>,
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("head", &self.head).finish_non_exhaustive()
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects")
            .field("invalidated", &self.invalidated)
            .field("drafts", &self.drafts)
            .finish_non_exhaustive()
    }
}

impl<'t> Batch<'t> {
    pub(crate) fn open(txn: &'t WriteTransaction, secrets: &'t Secrets) -> Result<Self, StoreError> {
        let meta = txn.open_table(META)?;
        let head = view::head(&meta)?;
        Ok(Self {
            meta,
            keys: txn.open_table(KEYS)?,
            active: txn.open_table(ACTIVE)?,
            due: txn.open_table(DUE)?,
            revoked: txn.open_table(REVOKED)?,
            audit: txn.open_table(AUDIT)?,
            used: txn.open_table(USED)?,
            secrets,
            head,
            dirty: false,
            broken: None,
            effects: Effects::default(),
        })
    }

    /// The record of a key.
    pub fn record(&self, key_id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        view::record(&self.keys, key_id, self.secrets)
    }

    /// The record that is stored as a user's active one.
    pub fn active_of(&self, user: &UserId) -> Result<Option<KeyRecord>, StoreError> {
        view::active_of(&self.active, &self.keys, user, self.secrets)
    }

    /// Whether an earlier command of this batch removes a draft.
    pub fn is_draft_dropped(&self, key_id: KeyId) -> bool {
        self.effects.drafts.contains(&key_id)
    }

    /// Up to `limit` active keys that have expired, the oldest first.
    pub fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<KeyId>, StoreError> {
        view::ids(&self.due, now, limit)
    }

    /// Up to `limit` keys that were revoked by a time, the oldest first.
    pub fn revoked_by(&self, time: Timestamp, limit: usize) -> Result<Vec<KeyId>, StoreError> {
        view::ids(&self.revoked, time, limit)
    }

    /// The hash of the policy table that was last put in force.
    pub fn policy_hash(&self) -> Result<Option<[u8; 32]>, StoreError> {
        let bytes = self.meta.get(META_POLICY)?;
        Ok(bytes.and_then(|bytes| bytes.value().try_into().ok()))
    }

    /// Records the files in force, unless they are recorded already. No change of keys, no audit row.
    pub fn note_files(&mut self, files: &FilesInForce) -> Result<(), StoreError> {
        let noted = self.try_note_files(files);
        self.or_broken(noted)
    }

    /// Applies a change, and writes its revision and audit row.
    pub fn apply(&mut self, change: &Change) -> Result<(), StoreError> {
        let applied = self.try_apply(change);
        self.or_broken(applied)
    }

    /// Writes last-used times; those of unknown keys are dropped. Not a change; no audit row.
    pub fn note_used(&mut self, uses: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
        let noted = uses.iter().try_for_each(|(key_id, at)| self.try_note_used(*key_id, *at));
        self.or_broken(noted)
    }

    /// Removes a draft once the batch is durable.
    pub fn drop_draft(&mut self, key_id: KeyId) {
        self.effects.drafts.insert(key_id);
    }

    /// Invalidates whatever is cached about a key once the batch is durable.
    pub fn invalidate(&mut self, key_id: KeyId) {
        self.effects.invalidated.push(key_id);
    }

    /// Runs once the batch is durable.
    pub fn after_commit(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.effects.then.push(Box::new(effect));
    }

    /// Why nothing of the batch may be committed, if so.
    pub(crate) fn fault(&self) -> Option<StoreError> {
        self.broken.clone()
    }

    /// Writes the head and returns what the commit puts into effect; no head if there is nothing to commit.
    pub(crate) fn finish(mut self) -> Result<(Option<Head>, Effects), StoreError> {
        if self.dirty {
            self.meta.insert(META_HEAD, self.head.encode().as_slice())?;
        }
        Ok((self.dirty.then_some(self.head), self.effects))
    }

    fn or_broken(&mut self, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &outcome {
            self.broken.get_or_insert_with(|| error.clone());
        }
        outcome
    }

    fn try_apply(&mut self, change: &Change) -> Result<(), StoreError> {
        match &change.action {
            // The store is made elsewhere; only its first row is written here.
            Action::CreateStore | Action::TakeBackup => {}
            Action::Add(record) => self.put_active(record)?,
            Action::Replace { record, replaced } => {
                self.revoke(*replaced, RevocationCause::Replaced, change.at)?;
                self.put_active(record)?;
            }
            Action::Revoke { key_id, cause, revoked_at, .. } => {
                self.revoke(*key_id, cause.reason(), *revoked_at)?
            }
            Action::Purge { key_id } => self.purge(*key_id)?,
            Action::LoadPolicy { hash, .. } => {
                self.meta.insert(META_POLICY, hash.as_slice())?;
            }
        }
        self.append_row(change)
    }

    fn try_note_used(&mut self, key_id: KeyId, at: Timestamp) -> Result<(), StoreError> {
        let id = key_id.get();
        let before = self.used.get(id)?.map_or(0, |at| at.value());
        if self.keys.get(id)?.is_some() && before < at.unix_millis() {
            self.used.insert(id, at.unix_millis())?;
            self.dirty = true;
        }
        Ok(())
    }

    fn try_note_files(&mut self, files: &FilesInForce) -> Result<(), StoreError> {
        if view::files(&self.meta)?.as_ref() != Some(files) {
            self.meta.insert(META_FILES, files_codec::encode(files).as_slice())?;
            self.dirty = true;
        }
        Ok(())
    }

    fn put_active(&mut self, record: &KeyRecord) -> Result<(), StoreError> {
        let id = record.key_id.get();
        let bytes = record_codec::encode(record, self.secrets);
        let older = self.keys.insert(id, bytes.as_slice())?.is_some();
        let other = self.active.insert(record.user.as_str(), id)?.is_some();
        if older || other {
            return Err(contradiction(record.key_id));
        }
        if let Some(at) = record.expires_at {
            self.due.insert((at.unix_millis(), id), ())?;
        }
        self.head.active += 1;
        Ok(())
    }

    fn revoke(&mut self, key_id: KeyId, cause: RevocationCause, at: Timestamp) -> Result<(), StoreError> {
        let record = self.record(key_id)?.filter(|record| record.state == KeyState::Active);
        let mut record = record.ok_or_else(|| contradiction(key_id))?;
        record.state = KeyState::Revoked { cause, at };
        let bytes = record_codec::encode(&record, self.secrets);
        self.keys.insert(key_id.get(), bytes.as_slice())?;
        // The index is not sealed. Whatever it says, a key can be revoked.
        let active = self.active.get(record.user.as_str())?.map(|id| id.value());
        if active == Some(key_id.get()) {
            self.active.remove(record.user.as_str())?;
        }
        if let Some(expires_at) = record.expires_at {
            self.due.remove((expires_at.unix_millis(), key_id.get()))?;
        }
        self.revoked.insert((at.unix_millis(), key_id.get()), ())?;
        self.head.active = self.head.active.saturating_sub(1);
        self.head.revoked += 1;
        self.invalidate(key_id);
        Ok(())
    }

    fn purge(&mut self, key_id: KeyId) -> Result<(), StoreError> {
        let record = self.record(key_id)?.ok_or_else(|| contradiction(key_id))?;
        let KeyState::Revoked { at, .. } = record.state else { return Err(contradiction(key_id)) };
        self.keys.remove(key_id.get())?;
        self.revoked.remove((at.unix_millis(), key_id.get()))?;
        self.used.remove(key_id.get())?;
        self.head.revoked = self.head.revoked.saturating_sub(1);
        self.invalidate(key_id);
        Ok(())
    }

    fn append_row(&mut self, change: &Change) -> Result<(), StoreError> {
        let revision = self.head.revision + 1;
        let mut row = audit_codec::encode(change.at, change.actor, &change.event());
        let link = self.secrets.link(&self.head.link, revision, &row);
        row.extend_from_slice(&link);
        if self.audit.insert(revision, row.as_slice())?.is_some() {
            return Err(StoreError::Damaged(format!("audit row {revision} exists already")));
        }
        self.head.revision = revision;
        self.head.link = link;
        self.dirty = true;
        Ok(())
    }
}

/// A change that the facts of its own transaction contradict: the tables do not agree with each other.
fn contradiction(key_id: KeyId) -> StoreError {
    StoreError::Damaged(format!("the tables contradict each other on key {key_id}"))
}
