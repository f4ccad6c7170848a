//! Save, delete, the events of a user, expiry: facts in, decisions out.

use super::change::{Action, Change, Trigger};
use super::draft::Draft;
use super::record::KeyRecord;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::{Actor, CredentialsCause, KeyState, SaveMode};
use apikeyd_protocol::time::Timestamp;

/// An answer, and what must be done before it may be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<T> {
    /// The changes, in this order, all in one transaction. Empty if the answer is already true.
    pub changes: Vec<Change>,
    /// The draft to remove once the changes are durable.
    pub drop_draft: Option<KeyId>,
    /// The answer.
    pub answer: T,
}

/// The time and the caller of a decision.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The time.
    pub now: Timestamp,
    /// The caller, or the daemon itself.
    pub actor: Actor,
}

/// The facts for a save.
#[derive(Clone, Debug, Default)]
pub struct SaveFacts {
    /// The record with the id.
    pub record: Option<KeyRecord>,
    /// The draft with the id, unless it has expired.
    pub draft: Option<Draft>,
    /// The record that is stored as the active one of the draft's user; it may have expired.
    pub active: Option<KeyRecord>,
}

/// The answer to a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    /// The record.
    pub record: KeyRecord,
    /// The key that it replaced.
    pub replaced: Option<KeyId>,
}

/// The facts for a delete.
#[derive(Clone, Debug, Default)]
pub struct DeleteFacts {
    /// The record with the id.
    pub record: Option<KeyRecord>,
    /// The draft with the id, unless it has expired.
    pub draft: Option<Draft>,
}

/// The answer to a delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The key's owner.
    pub user: UserId,
    /// What was found.
    pub found: DeleteFound,
}

/// What a delete found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteFound {
    /// An active key, revoked by this request.
    Revoked,
    /// A key that was already revoked.
    Before(KeyState),
    /// A draft of the caller, now discarded.
    Draft,
}

/// What happened to a user's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEvent {
    /// The password was changed or reset.
    CredentialsChanged(CredentialsCause),
    /// The account was deleted.
    Deleted,
}

/// The facts for an event of a user.
#[derive(Clone, Debug, Default)]
pub struct UserFacts {
    /// The record that is stored as the user's active one; it may have expired.
    pub active: Option<KeyRecord>,
    /// The user's draft.
    pub draft: Option<KeyId>,
}

/// Checks the expiry of a new key.
///
/// # Errors
/// [`Refusal::ExpiryPassed`] and [`Refusal::ExpiryTooFar`].
pub fn check_expiry(now: Timestamp, expires_at: Option<Timestamp>) -> Result<(), Refusal> {
    match expires_at {
        Some(at) if at.has_come(now) => Err(Refusal::ExpiryPassed),
        Some(at) if at > Timestamp::MAX_EXPIRY => Err(Refusal::ExpiryTooFar),
        Some(_) | None => Ok(()),
    }
}

/// Makes a draft the user's active key. A repeated save gets the first answer again and changes nothing.
///
/// # Errors
/// [`Refusal`]; then nothing is to be done.
pub fn save(
    context: Context,
    uid: u32,
    key_id: KeyId,
    mode: SaveMode,
    facts: SaveFacts,
) -> Result<Decision<Saving>, Refusal> {
    if let Some(record) = facts.record {
        return saved_before(uid, mode, record);
    }
    let draft = facts.draft.ok_or(Refusal::NoDraft(key_id))?;
    if draft.owner != uid {
        return Err(Refusal::OtherCallers { key_id, owner: draft.owner });
    }
    check_expiry(context.now, draft.expires_at)?;
    let (active, expired) = match facts.active {
        Some(record) if record.is_active_at(context.now) => (Some(record), None),
        stored => (None, stored),
    };
    let mut changes: Vec<Change> = expired.iter().filter_map(|record| expire(context.now, record)).collect();
    let replaced = match (mode, &active) {
        (SaveMode::Add, Some(active)) => return Err(Refusal::HasActiveKey { active: active.key_id }),
        (SaveMode::Replace, None) => return Err(Refusal::NoActiveKey),
        (SaveMode::Add, None) => None,
        (SaveMode::Replace, Some(active)) => Some(active.key_id),
    };
    let record = KeyRecord {
        key_id,
        user: draft.user,
        label: draft.label,
        tag: draft.tag,
        created_at: context.now,
        created_by: uid,
        expires_at: draft.expires_at,
        saved_as: mode,
        replaced,
        state: KeyState::Active,
    };
    let action = match replaced {
        Some(replaced) => Action::Replace { record: record.clone(), replaced },
        None => Action::Add(record.clone()),
    };
    changes.push(Change { at: context.now, actor: context.actor, action });
    Ok(Decision { changes, drop_draft: Some(key_id), answer: Saving { record, replaced } })
}

fn saved_before(uid: u32, mode: SaveMode, record: KeyRecord) -> Result<Decision<Saving>, Refusal> {
    let key_id = record.key_id;
    if record.created_by != uid {
        return Err(Refusal::OtherCallers { key_id, owner: record.created_by });
    }
    if record.saved_as != mode {
        return Err(Refusal::SavedOtherwise { key_id, saved_as: record.saved_as });
    }
    let replaced = record.replaced;
    Ok(Decision { changes: Vec::new(), drop_draft: Some(key_id), answer: Saving { record, replaced } })
}

/// Revokes a key, or discards a draft of the caller.
///
/// # Errors
/// [`Refusal`]; then nothing is to be done.
pub fn delete(
    context: Context,
    uid: u32,
    key_id: KeyId,
    facts: DeleteFacts,
) -> Result<Decision<Deletion>, Refusal> {
    if let Some(record) = facts.record {
        let state = record.state_at(context.now);
        let (change, found) = match state {
            KeyState::Active => (Some(end(context, &record, Trigger::Deleted)), DeleteFound::Revoked),
            KeyState::Revoked { .. } => (expire(context.now, &record), DeleteFound::Before(state)),
        };
        let answer = Deletion { user: record.user, found };
        return Ok(Decision { changes: change.into_iter().collect(), drop_draft: None, answer });
    }
    let draft = facts.draft.ok_or(Refusal::NoKey(key_id))?;
    if draft.owner != uid {
        return Err(Refusal::OtherCallers { key_id, owner: draft.owner });
    }
    let answer = Deletion { user: draft.user, found: DeleteFound::Draft };
    Ok(Decision { changes: Vec::new(), drop_draft: Some(key_id), answer })
}

/// Revokes the active key of a user after an event of the account; the answer is that key, if there was one.
#[must_use]
pub fn end_user(context: Context, event: UserEvent, facts: UserFacts) -> Decision<Option<KeyId>> {
    let cause = match event {
        UserEvent::CredentialsChanged(cause) => Trigger::CredentialsChanged(cause),
        UserEvent::Deleted => Trigger::UserDeleted,
    };
    let (change, answer) = match facts.active {
        Some(record) if record.is_active_at(context.now) => {
            (Some(end(context, &record, cause)), Some(record.key_id))
        }
        Some(record) => (expire(context.now, &record), None),
        None => (None, None),
    };
    Decision { changes: change.into_iter().collect(), drop_draft: facts.draft, answer }
}

/// The change that records that a key has expired; none if the key is not active or has not expired. The daemon
/// is its actor, whichever request led to it.
#[must_use]
pub fn expire(now: Timestamp, record: &KeyRecord) -> Option<Change> {
    let revoked_at = record.expires_at.filter(|at| at.has_come(now))?;
    let action = Action::Revoke {
        key_id: record.key_id,
        user: record.user.clone(),
        cause: Trigger::Expired,
        revoked_at,
    };
    (record.state == KeyState::Active).then_some(Change { at: now, actor: Actor::Daemon, action })
}

fn end(context: Context, record: &KeyRecord, cause: Trigger) -> Change {
    let action =
        Action::Revoke { key_id: record.key_id, user: record.user.clone(), cause, revoked_at: context.now };
    Change { at: context.now, actor: context.actor, action }
}

/// Why an operation cannot be carried out. Nothing has changed. Each message says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to save with this id.
    #[error(
        "there is no draft {0}: a draft lives a few minutes and ends with the daemon and with a newer draft of the \
         same user; generate a new key"
    )]
    NoDraft(KeyId),
    /// There is no key and no draft with this id.
    #[error("there is no key {0}")]
    NoKey(KeyId),
    /// The user has no active key.
    #[error("this user has no active key")]
    NoActiveKey,
    /// The user has an active key, so nothing can be added.
    #[error("this user already has the active key {active}: replace it, or delete it first")]
    HasActiveKey {
        /// The active key.
        active: KeyId,
    },
    /// A repeated save has a different mode than the first.
    #[error("the key {key_id} was already saved, with \"{}\"; repeat the request with that", mode_name(*saved_as))]
    SavedOtherwise {
        /// The key.
        key_id: KeyId,
        /// How it was saved.
        saved_as: SaveMode,
    },
    /// The draft, or the key made from it, belongs to another caller.
    #[error("the key {key_id} was generated by uid {owner}, and only that user can save or discard it")]
    OtherCallers {
        /// The key.
        key_id: KeyId,
        /// Who generated it.
        owner: u32,
    },
    /// The expiry is not in the future.
    #[error("the expiry date is not in the future; give a later one")]
    ExpiryPassed,
    /// The expiry is later than the latest date that can be written.
    #[error("the expiry date is after the year 9999; give an earlier one, or none")]
    ExpiryTooFar,
    /// No room for another draft, by anybody.
    #[error("the daemon's limit of {limit} drafts is reached; ask again in a few minutes")]
    TooManyDrafts {
        /// Drafts at a time.
        limit: usize,
    },
    /// No room for another draft by this caller.
    #[error(
        "uid {uid} has {limit} drafts that wait to be saved, which is the share of one uid: save or delete some, or ask \
         again when they have expired"
    )]
    ShareFull {
        /// The caller.
        uid: u32,
        /// Its share: drafts at a time.
        limit: usize,
    },
}

const fn mode_name(mode: SaveMode) -> &'static str {
    match mode {
        SaveMode::Add => "add",
        SaveMode::Replace => "replace",
    }
}
