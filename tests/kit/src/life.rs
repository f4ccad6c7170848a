//! The reference model of a key's life: what a daemon should hold and answer, written down once more and as simply as can
//! be.
//!
//! It is pure: time, callers and ids are arguments. A [`World`] is what is stored, with every row of the audit; a [`Model`]
//! also has the drafts, which are in memory, and decides one change after the other.

use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{DeleteOutcome, UserRevoked};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::{
    Actor, AuditEvent, AuditRow, CredentialsCause, KeyState, RevocationCause, SaveMode,
};
use apikeyd_protocol::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Every record.
    pub keys: BTreeMap<KeyId, Key>,
    /// The audit. Its length is the revision.
    pub rows: Vec<AuditRow>,
    /// Hash of the policy table whose row was written last.
    pub policy: [u8; 32],
}

/// A saved key.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Whose it is.
    pub user: UserId,
    /// What the user calls it.
    pub label: Option<Label>,
    /// Who made it.
    pub uid: u32,
    /// When it was saved.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// How it was saved.
    pub saved_as: SaveMode,
    /// The key in whose place it was saved.
    pub replaced: Option<KeyId>,
    /// Its state as it is stored.
    pub state: KeyState,
}

/// A key that waits to be saved.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Whose it is.
    pub user: UserId,
    /// What the user calls it.
    pub label: Option<Label>,
    /// Who made it.
    pub uid: u32,
    /// When the key will end by itself.
    pub expires_at: Option<Timestamp>,
    /// When the draft goes.
    pub until: Timestamp,
}

/// A change that somebody asks for.
#[derive(Clone, Debug)]
pub enum Action {
    /// Saves a draft.
    Save {
        /// Its key.
        key_id: KeyId,
        /// Beside no other key, or in the place of one.
        mode: SaveMode,
    },
    /// Revokes a key, or discards a draft.
    Delete {
        /// The key.
        key_id: KeyId,
    },
    /// The user has other credentials.
    Credentials {
        /// The user.
        user: UserId,
        /// Why.
        cause: CredentialsCause,
    },
    /// The user is gone.
    DeleteUser {
        /// The user.
        user: UserId,
    },
}

/// The answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Saved, now or before.
    Saved {
        /// The key's state.
        state: KeyState,
        /// The key that it replaced.
        replaced: Option<KeyId>,
    },
    /// What became of the key or draft.
    Deleted(DeleteOutcome),
    /// What the user had.
    Ended(UserRevoked),
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The draft or the key was made by another caller.
    NotPermitted,
    /// There is no such key or draft, or no key to replace.
    NotFound,
    /// The user has an active key, or the key was saved in the other mode.
    Conflict,
    /// The draft's date has passed.
    InvalidArgument,
}

/// What a key counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no record and no draft.
    Unknown,
    /// It is a draft.
    NotSaved,
    /// It is stored.
    Saved(KeyState),
}

/// What is stored, and the drafts.
#[derive(Clone, Debug)]
pub struct Model {
    /// What is stored.
    pub world: World,
    /// What waits in memory to be saved; a restart forgets it.
    pub drafts: BTreeMap<KeyId, Draft>,
}

impl Key {
    /// Its state as of now: a date that has passed ends it, whether or not that was written down.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> KeyState {
        match (self.state, self.expires_at) {
            (KeyState::Active, Some(at)) if at <= now => {
                KeyState::Revoked { cause: RevocationCause::Expired, at }
            }
            (state, _) => state,
        }
    }

    /// Whether it counts.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.state_at(now) == KeyState::Active
    }
}

impl World {
    /// A new store.
    #[must_use]
    pub fn new(now: Timestamp, policy: [u8; 32]) -> Self {
        let mut world = Self { keys: BTreeMap::new(), rows: Vec::new(), policy };
        world.row(now, Actor::Daemon, AuditEvent::StoreCreated);
        world
    }

    fn row(&mut self, at: Timestamp, actor: Actor, event: AuditEvent) {
        let revision = self.rows.len() as u64 + 1;
        self.rows.push(AuditRow { revision, at, actor, event });
    }

    /// A policy table comes into force; true: it is another one than before.
    pub fn load_policy(&mut self, now: Timestamp, actor: Actor, rows: u32, hash: [u8; 32]) -> bool {
        let other = self.policy != hash;
        if other {
            self.policy = hash;
            self.row(now, actor, AuditEvent::PolicyLoaded { rows, hash });
        }
        other
    }

    /// A backup is handed over.
    pub fn take_backup(&mut self, now: Timestamp, actor: Actor) {
        self.row(now, actor, AuditEvent::BackupTaken);
    }

    /// The key that is stored as a user's active one, whether or not its date has passed.
    fn stored_active(&self, user: &UserId) -> Option<KeyId> {
        let mut active =
            self.keys.iter().filter(|(_, key)| key.user == *user && key.state == KeyState::Active);
        active.next().map(|(key_id, _)| *key_id)
    }

    /// How many keys are stored as active and as revoked.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let active = self.keys.values().filter(|key| key.state == KeyState::Active).count() as u64;
        (active, self.keys.len() as u64 - active)
    }

    /// The user's active key.
    #[must_use]
    pub fn active(&self, user: &UserId, now: Timestamp) -> Option<KeyId> {
        self.stored_active(user).filter(|key_id| self.keys[key_id].is_active(now))
    }

    fn end(&mut self, key_id: KeyId, cause: RevocationCause, at: Timestamp) {
        let key = self.keys.get_mut(&key_id).expect("a key that is known");
        assert_eq!(key.state, KeyState::Active, "a key ends once");
        key.state = KeyState::Revoked { cause, at };
    }

    /// Writes down that a key's date has passed, if it has and nobody did yet.
    fn expire(&mut self, key_id: KeyId, now: Timestamp) {
        let key = &self.keys[&key_id];
        if let (KeyState::Active, KeyState::Revoked { cause, at }) = (key.state, key.state_at(now)) {
            let user = key.user.clone();
            self.end(key_id, cause, at);
            self.row(now, Actor::Daemon, AuditEvent::KeyExpired { key_id, user });
        }
    }

    /// Housekeeping's first transaction.
    pub fn expire_all(&mut self, now: Timestamp) {
        let date = |(key_id, key): (&KeyId, &Key)| Some((key.expires_at?, *key_id));
        let mut due: Vec<_> = self.keys.iter().filter_map(date).collect();
        due.sort();
        due.into_iter().for_each(|(_, key_id)| self.expire(key_id, now));
    }

    /// Housekeeping's second transaction: records of keys that ended this long ago go.
    pub fn purge(&mut self, now: Timestamp, retention: Duration) {
        let limit = now.saturating_sub(retention);
        let ended = |(key_id, key): (&KeyId, &Key)| match key.state {
            KeyState::Revoked { at, .. } if at <= limit => Some((at, *key_id)),
            KeyState::Revoked { .. } | KeyState::Active => None,
        };
        let mut old: Vec<_> = self.keys.iter().filter_map(ended).collect();
        old.sort();
        for (_, key_id) in old {
            self.keys.remove(&key_id);
            self.row(now, Actor::Daemon, AuditEvent::RecordPurged { key_id });
        }
    }
}

impl Model {
    /// A new store without drafts.
    #[must_use]
    pub const fn new(world: World) -> Self {
        Self { world, drafts: BTreeMap::new() }
    }

    /// What a key counts as now.
    #[must_use]
    pub fn standing(&self, key_id: KeyId, now: Timestamp) -> Standing {
        match self.world.keys.get(&key_id) {
            Some(key) => Standing::Saved(key.state_at(now)),
            None if self.draft(key_id, now).is_some() => Standing::NotSaved,
            None => Standing::Unknown,
        }
    }

    /// A draft whose time has not passed.
    #[must_use]
    pub fn draft(&self, key_id: KeyId, now: Timestamp) -> Option<&Draft> {
        self.drafts.get(&key_id).filter(|draft| now < draft.until)
    }

    /// Takes a draft in; an older one of the same user goes.
    pub fn generated(&mut self, key_id: KeyId, draft: Draft) {
        self.drafts.retain(|_, older| older.user != draft.user);
        self.drafts.insert(key_id, draft);
    }

    /// Decides one change and makes it.
    ///
    /// # Errors
    /// Why it is refused; then nothing has changed.
    pub fn decide(
        &mut self,
        action: &Action,
        uid: u32,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        match action {
            Action::Save { key_id, mode } => self.save(*key_id, *mode, uid, actor, now),
            Action::Delete { key_id } => self.delete(*key_id, uid, actor, now).map(Answer::Deleted),
            Action::Credentials { user, cause } => {
                Ok(Answer::Ended(self.end_user(user, Some(*cause), actor, now)))
            }
            Action::DeleteUser { user } => Ok(Answer::Ended(self.end_user(user, None, actor, now))),
        }
    }

    fn save(
        &mut self,
        key_id: KeyId,
        mode: SaveMode,
        uid: u32,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Answer, Refused> {
        if let Some(key) = self.world.keys.get(&key_id) {
            if key.uid != uid {
                return Err(Refused::NotPermitted);
            }
            if key.saved_as != mode {
                return Err(Refused::Conflict);
            }
            self.drafts.remove(&key_id);
            return Ok(Answer::Saved { state: key.state_at(now), replaced: key.replaced });
        }
        let draft = self.draft(key_id, now).cloned().ok_or(Refused::NotFound)?;
        if draft.uid != uid {
            return Err(Refused::NotPermitted);
        }
        if draft.expires_at.is_some_and(|at| at <= now) {
            return Err(Refused::InvalidArgument);
        }
        let replaced = match (mode, self.world.active(&draft.user, now)) {
            (SaveMode::Add, Some(_)) => return Err(Refused::Conflict),
            (SaveMode::Replace, None) => return Err(Refused::NotFound),
            (SaveMode::Add, None) => None,
            (SaveMode::Replace, Some(old)) => Some(old),
        };
        if let Some(stored) = self.world.stored_active(&draft.user) {
            self.world.expire(stored, now);
        }
        let user = draft.user.clone();
        let event = match replaced {
            Some(replaced) => {
                self.world.end(replaced, RevocationCause::Replaced, now);
                AuditEvent::KeyReplaced { key_id, replaced, user }
            }
            None => AuditEvent::KeyAdded { key_id, user },
        };
        self.world.row(now, actor, event);
        let Draft { user, label, uid, expires_at, .. } = draft;
        let state = KeyState::Active;
        let key = Key { user, label, uid, created_at: now, expires_at, saved_as: mode, replaced, state };
        self.world.keys.insert(key_id, key);
        self.drafts.remove(&key_id);
        Ok(Answer::Saved { state, replaced })
    }

    fn delete(
        &mut self,
        key_id: KeyId,
        uid: u32,
        actor: Actor,
        now: Timestamp,
    ) -> Result<DeleteOutcome, Refused> {
        if let Some(key) = self.world.keys.get(&key_id) {
            return Ok(match key.state_at(now) {
                KeyState::Active => {
                    let user = key.user.clone();
                    self.world.end(key_id, RevocationCause::Deleted, now);
                    self.world.row(now, actor, AuditEvent::KeyDeleted { key_id, user });
                    DeleteOutcome::Revoked
                }
                KeyState::Revoked { cause, at } => {
                    self.world.expire(key_id, now);
                    DeleteOutcome::AlreadyRevoked { cause, at }
                }
            });
        }
        let draft = self.draft(key_id, now).ok_or(Refused::NotFound)?;
        if draft.uid != uid {
            return Err(Refused::NotPermitted);
        }
        self.drafts.remove(&key_id);
        Ok(DeleteOutcome::DraftDiscarded)
    }

    /// After a change of password, or without a cause after the end of the account.
    fn end_user(
        &mut self,
        user: &UserId,
        cause: Option<CredentialsCause>,
        actor: Actor,
        now: Timestamp,
    ) -> UserRevoked {
        let active = self.world.active(user, now);
        if let Some(key_id) = active {
            let user = user.clone();
            let (cause, event) = match cause {
                Some(cause) => (
                    RevocationCause::CredentialsChanged,
                    AuditEvent::CredentialsChanged { key_id, user, cause },
                ),
                None => (RevocationCause::UserDeleted, AuditEvent::UserDeleted { key_id, user }),
            };
            self.world.end(key_id, cause, now);
            self.world.row(now, actor, event);
        } else if let Some(stored) = self.world.stored_active(user) {
            self.world.expire(stored, now);
        }
        let draft = self.drafts.iter().find(|(_, draft)| draft.user == *user && now < draft.until);
        let draft = draft.map(|(key_id, _)| *key_id);
        draft.into_iter().for_each(|key_id| _ = self.drafts.remove(&key_id));
        UserRevoked { key_id: active, draft }
    }
}
