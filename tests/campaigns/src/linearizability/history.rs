//! What was asked, what was answered, and when.

use apikeyd_client::{KeyId, RevocationCause, SaveMode};

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Makes a draft.
    Generate,
    /// Makes a draft the active key.
    Save {
        /// The draft.
        key: KeyId,
        /// Beside none, or in the place of another.
        mode: SaveMode,
    },
    /// Ends a key, or discards a draft.
    Delete {
        /// The key.
        key: KeyId,
    },
    /// Ends the active key and drops the draft.
    ChangeCredentials,
    /// Asks for the active key.
    Retrieve,
    /// Judges a key.
    Validate {
        /// The key.
        key: KeyId,
    },
}

/// What it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `Generate`: the draft.
    Generated(KeyId),
    /// To `Save`: it is saved, or was before.
    Saved {
        /// The key whose place it took.
        replaced: Option<KeyId>,
        /// Why it has ended since, if it was saved before.
        ended: Option<RevocationCause>,
    },
    /// To `Delete`: an active key ended.
    Ended,
    /// To `Delete`: the key had ended.
    EndedBefore(RevocationCause),
    /// To `Delete`: the draft is gone.
    Discarded,
    /// To `ChangeCredentials`: what went.
    UserRevoked {
        /// The active key.
        key: Option<KeyId>,
        /// The draft.
        draft: Option<KeyId>,
    },
    /// To `Retrieve`: the active key.
    Active(Option<KeyId>),
    /// To `Validate`: let it in.
    Valid,
    /// To `Validate`: do not.
    Refused,
    /// To `Save` and `Delete`: there is no such draft, key, or key to replace.
    NotFound,
    /// To `Save`: there is an active key, or it was saved in the other mode.
    Conflict,
}

/// A request of one user's history. Times are CLOCK_MONOTONIC in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Read before the request was begun.
    pub invoked: u64,
    /// Read after its answer was there.
    pub returned: u64,
    /// What was asked.
    pub call: Call,
    /// What was answered.
    pub answer: Answer,
}

/// The histories of all users in one window.
#[derive(Debug)]
pub(super) struct Window(Vec<Vec<Operation>>);

impl Window {
    pub(super) fn new(users: usize) -> Self {
        Self(vec![Vec::new(); users])
    }

    pub(super) fn push(&mut self, user: usize, operation: Operation) {
        self.0[user].push(operation);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| mine.extend(theirs));
    }

    pub(super) fn operations(&self) -> u64 {
        self.0.iter().map(|history| history.len() as u64).sum()
    }

    /// User and history.
    pub(super) fn into_histories(self) -> impl Iterator<Item = (usize, Vec<Operation>)> {
        self.0.into_iter().enumerate()
    }

    /// Turns one refusal of a key into an acceptance, if there is one that began after the end of the key was answered.
    pub(super) fn plant_stale_verdict(&mut self) {
        for history in &mut self.0 {
            let stale = (0..history.len()).find(|at| is_refused_after_an_end(history, *at));
            if let Some(at) = stale {
                history[at].answer = Answer::Valid;
                return;
            }
        }
    }
}

fn is_refused_after_an_end(history: &[Operation], at: usize) -> bool {
    let Operation { invoked, call: Call::Validate { key }, answer: Answer::Refused, .. } = history[at] else {
        return false;
    };
    history.iter().any(|other| {
        let ends = match (other.call, other.answer) {
            (Call::Delete { key: deleted }, Answer::Ended) => deleted == key,
            (Call::ChangeCredentials, Answer::UserRevoked { key: ended, .. }) => ended == Some(key),
            _ => false,
        };
        ends && other.returned < invoked
    })
}
