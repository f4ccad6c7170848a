//! What must be true of one user: the changes that were acknowledged, and at most one that may have been made. Not the
//! reference model: nobody here knows the daemon's clock, and a million keys are known by their ends alone.

use apikeyd_client::{
    ApiKey, AuditEvent, CredentialsCause, KeyId, KeyState, RevocationCause, SaveMode, UserId,
};
use apikeyd_tests::stress::{Board, Posted, user_of};
use std::collections::{BTreeMap, VecDeque};

/// Keys of a user whose text is kept, so that they can be validated again.
const REMEMBERED: usize = 4;

/// One user.
pub(super) struct Seat {
    pub(super) number: usize,
    pub(super) user: UserId,
    /// Every key that was ever saved.
    pub(super) keys: BTreeMap<KeyId, Saved>,
    pub(super) active: Option<Active>,
    /// The last keys, the newest at the end.
    pub(super) remembered: VecDeque<ApiKey>,
    /// A draft that is not going to be saved.
    pub(super) abandoned: Option<Abandoned>,
    /// Rows that the audit must have since the last comparison, in this order.
    pub(super) rows: Vec<AuditEvent>,
    /// Keys that were touched since then.
    pub(super) touched: Vec<KeyId>,
    /// A request without an answer. The user is left alone until the next start has settled it.
    pub(super) doubt: Option<Doubt>,
}

/// A key that was saved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Saved {
    pub(super) replaced: Option<KeyId>,
    pub(super) ended: Option<RevocationCause>,
}

/// The active key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active {
    pub(super) key_id: KeyId,
    pub(super) posted: Posted,
}

/// A draft that dies with its daemon.
pub(super) struct Abandoned {
    pub(super) key: ApiKey,
    /// How many daemons must have died before it is gone.
    pub(super) gone_by: u64,
}

/// A change of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Save { key_id: KeyId, replaced: Option<KeyId> },
    Delete { key_id: KeyId },
    ChangeCredentials { key_id: KeyId, cause: CredentialsCause },
    DeleteUser { key_id: KeyId },
}

/// A request that may have been carried out.
pub(super) struct Doubt {
    /// The change, with the key if it is a save; none for a draft, which does not outlive its daemon.
    pub(super) change: Option<(Action, Option<ApiKey>)>,
    /// How many daemons must have died before nobody is left who could still carry it out.
    pub(super) settled_by: u64,
}

impl Action {
    /// The row of it.
    pub(super) fn row(self, user: &UserId) -> AuditEvent {
        let user = user.clone();
        match self {
            Self::Save { key_id, replaced: None } => AuditEvent::KeyAdded { key_id, user },
            Self::Save { key_id, replaced: Some(replaced) } => {
                AuditEvent::KeyReplaced { key_id, replaced, user }
            }
            Self::Delete { key_id } => AuditEvent::KeyDeleted { key_id, user },
            Self::ChangeCredentials { key_id, cause } => {
                AuditEvent::CredentialsChanged { key_id, user, cause }
            }
            Self::DeleteUser { key_id } => AuditEvent::UserDeleted { key_id, user },
        }
    }

    /// The key that ends by it, and why.
    pub(super) const fn ends(self) -> Option<(KeyId, RevocationCause)> {
        match self {
            Self::Save { replaced: Some(replaced), .. } => Some((replaced, RevocationCause::Replaced)),
            Self::Save { replaced: None, .. } => None,
            Self::Delete { key_id } => Some((key_id, RevocationCause::Deleted)),
            Self::ChangeCredentials { key_id, .. } => Some((key_id, RevocationCause::CredentialsChanged)),
            Self::DeleteUser { key_id } => Some((key_id, RevocationCause::UserDeleted)),
        }
    }
}

impl Saved {
    /// The mode in which this key was saved.
    pub(super) const fn mode(&self) -> SaveMode {
        mode_of(self.replaced)
    }

    /// The mode in which it was not.
    pub(super) const fn other_mode(&self) -> SaveMode {
        match self.mode() {
            SaveMode::Add => SaveMode::Replace,
            SaveMode::Replace => SaveMode::Add,
        }
    }

    /// Whether a record's state is the one that this key must have.
    pub(super) fn is_state(&self, state: KeyState) -> bool {
        match (self.ended, state) {
            (None, KeyState::Active) => true,
            (Some(must), KeyState::Revoked { cause, .. }) => must == cause,
            (None, KeyState::Revoked { .. }) | (Some(_), KeyState::Active) => false,
        }
    }
}

/// How a key is saved in the place of another one, or of none.
pub(super) const fn mode_of(replaced: Option<KeyId>) -> SaveMode {
    if replaced.is_some() { SaveMode::Replace } else { SaveMode::Add }
}

impl Seat {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            user: UserId::parse(&user_of(number)).expect("a user's name"),
            keys: BTreeMap::new(),
            active: None,
            remembered: VecDeque::new(),
            abandoned: None,
            rows: Vec::new(),
            touched: Vec::new(),
            doubt: None,
        }
    }

    pub(super) fn active_id(&self) -> Option<KeyId> {
        self.active.map(|active| active.key_id)
    }

    /// Whether there is something to compare.
    pub(super) fn is_touched(&self) -> bool {
        self.doubt.is_some() || self.abandoned.is_some() || !self.touched.is_empty()
    }

    /// After a comparison, when so many daemons had died.
    pub(super) fn forget_touches(&mut self, deaths: u64) {
        self.rows.clear();
        self.touched.clear();
        self.abandoned.take_if(|draft| draft.gone_by <= deaths);
    }

    /// Takes a change into what must be true, and tells the board of it. `known_at`: when it was known to be made.
    pub(super) fn carry_out(&mut self, action: Action, key: Option<ApiKey>, board: &Board, known_at: u64) {
        if let Some((key_id, cause)) = action.ends() {
            self.touched.push(key_id);
            if let Some(saved) = self.keys.get_mut(&key_id) {
                saved.ended = Some(cause);
            }
            if let Some(active) = self.active.take_if(|active| active.key_id == key_id) {
                board.end(active.posted, known_at);
            }
        }
        if let (Action::Save { key_id, replaced }, Some(key)) = (action, key) {
            self.keys.insert(key_id, Saved { replaced, ended: None });
            self.active = Some(Active { key_id, posted: board.post(self.number, &key, None) });
            self.touched.push(key_id);
            self.remembered.push_back(key);
            if self.remembered.len() > REMEMBERED {
                self.remembered.pop_front();
            }
        }
    }
}
