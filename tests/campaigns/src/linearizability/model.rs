//! A daemon that does one thing after the other, for one user. Not the reference model: the search clones and hashes millions of
//! these states, and has to know which operation made each, so that a reader may see an older one.
//!
//! Changes and drafts have one order. Who only reads may see the records a little later: as of the last commit, which
//! comes after the decision and before the answer. So `retrieve` and `validate` may be answered by an older state, as
//! long as none of the changes since was answered when they began; and time does not run backwards from one to the next.

use super::history::{Answer, Call, Operation};
use apikeyd_client::{KeyId, RevocationCause, SaveMode};
use std::collections::HashMap;

/// What the daemon holds of a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    draft: Option<u16>,
    /// By number of the key.
    saved: Vec<Option<Saved>>,
    /// The active key now, at the end, and before that as readers may still see it.
    active: Vec<Active>,
}

/// An active key, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Active {
    key: Option<u16>,
    /// The operation that made it so; none at the beginning.
    by: Option<u16>,
}

/// A key that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Saved {
    replaces: bool,
    replaced: Option<u16>,
    /// Why, and by which operation of the history.
    ended: Option<(RevocationCause, u16)>,
}

/// A history with its keys numbered.
#[derive(Debug)]
pub(super) struct Numbered<'h> {
    pub(super) operations: &'h [Operation],
    numbers: HashMap<KeyId, u16>,
}

impl<'h> Numbered<'h> {
    pub(super) fn new(operations: &'h [Operation]) -> Self {
        let mut numbers = HashMap::new();
        for operation in operations {
            if let Answer::Generated(key) = operation.answer {
                let next = u16::try_from(numbers.len()).expect("a window of less than 65,536 keys");
                numbers.insert(key, next);
            }
        }
        Self { operations, numbers }
    }

    /// Before the first operation: nothing is active, there is no draft, and keys of earlier windows have ended.
    pub(super) fn initial(&self) -> State {
        let active = vec![Active { key: None, by: None }];
        State { draft: None, saved: vec![None; self.numbers.len()], active }
    }

    /// The state after an operation, if the daemon can give that answer in that state.
    pub(super) fn step(&self, state: &State, at: usize) -> Option<State> {
        let Operation { call, answer, .. } = self.operations[at];
        match (call, answer) {
            (Call::Generate, Answer::Generated(key)) => {
                let draft = self.number(key);
                Some(State { draft, ..state.clone() })
            }
            (Call::Save { key, mode }, _) => self.save(state, key, mode, at),
            (Call::Delete { key }, _) => self.delete(state, key, at),
            (Call::ChangeCredentials, Answer::UserRevoked { key, draft }) => {
                let is_so = self.is(state.active(), key) && self.is(state.draft, draft);
                is_so.then(|| {
                    let mut next = state.clone();
                    next.draft = None;
                    next.end(RevocationCause::CredentialsChanged, at);
                    next
                })
            }
            (Call::Retrieve, Answer::Active(key)) => self.read(state, at, |active| self.is(active, key)),
            (Call::Validate { key }, Answer::Valid) => {
                self.may_be_valid(state, key, at).then(|| state.clone())
            }
            (Call::Validate { key }, Answer::Refused) => {
                let number = self.number(key);
                self.read(state, at, |active| number.is_none() || active != number)
            }
            _ => None,
        }
    }

    fn save(&self, state: &State, key: KeyId, mode: SaveMode, at: usize) -> Option<State> {
        let answer = self.operations[at].answer;
        let number = self.number(key)?;
        let replaces = mode == SaveMode::Replace;
        let before = state.saved[usize::from(number)];
        let is_draft = state.draft == Some(number);
        match (answer, before) {
            (Answer::Saved { replaced, ended }, Some(before)) => {
                let is_so = before.replaces == replaces
                    && self.is(before.replaced, replaced)
                    && before.ended.map(|(reason, _)| reason) == ended;
                is_so.then(|| state.clone())
            }
            (Answer::Saved { replaced, ended: None }, None) => {
                let is_so = is_draft && self.is(state.active(), replaced) && replaces == replaced.is_some();
                is_so.then(|| state.with_saved(number, replaces, at))
            }
            (Answer::NotFound, None) => {
                (!is_draft || replaces && state.active().is_none()).then(|| state.clone())
            }
            (Answer::Conflict, None) => {
                (is_draft && !replaces && state.active().is_some()).then(|| state.clone())
            }
            (Answer::Conflict, Some(before)) => (before.replaces != replaces).then(|| state.clone()),
            _ => None,
        }
    }

    fn delete(&self, state: &State, key: KeyId, at: usize) -> Option<State> {
        let number = self.number(key)?;
        let saved = state.saved[usize::from(number)];
        let is_draft = state.draft == Some(number);
        match self.operations[at].answer {
            Answer::Ended => (state.active() == Some(number)).then(|| {
                let mut next = state.clone();
                next.end(RevocationCause::Deleted, at);
                next
            }),
            Answer::EndedBefore(reason) => {
                let ended = saved.and_then(|saved| saved.ended);
                ended.is_some_and(|(why, _)| why == reason).then(|| state.clone())
            }
            Answer::Discarded => is_draft.then(|| State { draft: None, ..state.clone() }),
            Answer::NotFound => (saved.is_none() && !is_draft).then(|| state.clone()),
            Answer::Generated(_)
            | Answer::Saved { .. }
            | Answer::UserRevoked { .. }
            | Answer::Active(_)
            | Answer::Valid
            | Answer::Refused
            | Answer::Conflict => None,
        }
    }

    /// The state after a reader that saw an active key like that, the oldest one that it may have seen.
    fn read(&self, state: &State, at: usize, is_seen: impl Fn(Option<u16>) -> bool) -> Option<State> {
        let began = self.operations[at].invoked;
        let was_answered =
            |active: &Active| active.by.is_some_and(|by| self.operations[usize::from(by)].returned < began);
        let oldest = state.active.iter().rposition(was_answered).unwrap_or(0);
        let seen = oldest + state.active[oldest..].iter().position(|active| is_seen(active.key))?;
        Some(State { active: state.active[seen..].to_vec(), ..state.clone() })
    }

    /// The promise, to the letter: not accepted by a validation that *starts* after the end was *answered*. Until the
    /// answer a cache may still say yes where the database says no already.
    fn may_be_valid(&self, state: &State, key: KeyId, at: usize) -> bool {
        let Some(number) = self.number(key) else { return false };
        let started = self.operations[at].invoked;
        match state.saved[usize::from(number)] {
            Some(Saved { ended: None, .. }) => true,
            Some(Saved { ended: Some((_, by)), .. }) => self.operations[usize::from(by)].returned >= started,
            None => false,
        }
    }

    fn is(&self, number: Option<u16>, key: Option<KeyId>) -> bool {
        key.map(|key| self.number(key)).map_or(number.is_none(), |named| named.is_some() && named == number)
    }

    fn number(&self, key: KeyId) -> Option<u16> {
        self.numbers.get(&key).copied()
    }
}

impl State {
    fn active(&self) -> Option<u16> {
        self.active.last().and_then(|active| active.key)
    }

    /// Saves the draft, in the place of the active key if there is one.
    fn with_saved(&self, number: u16, replaces: bool, at: usize) -> Self {
        let mut next = self.clone();
        let replaced = next.active();
        next.end_record(RevocationCause::Replaced, at);
        next.saved[usize::from(number)] = Some(Saved { replaces, replaced, ended: None });
        next.active.push(Active { key: Some(number), by: Some(numbered(at)) });
        next.draft = None;
        next
    }

    /// Ends the active key, if there is one.
    fn end(&mut self, reason: RevocationCause, at: usize) {
        if self.active().is_some() {
            self.end_record(reason, at);
            self.active.push(Active { key: None, by: Some(numbered(at)) });
        }
    }

    fn end_record(&mut self, reason: RevocationCause, at: usize) {
        if let Some(active) = self.active()
            && let Some(saved) = &mut self.saved[usize::from(active)]
        {
            saved.ended = Some((reason, numbered(at)));
        }
    }
}

fn numbered(at: usize) -> u16 {
    u16::try_from(at).expect("a window of less than 65,536 operations")
}
