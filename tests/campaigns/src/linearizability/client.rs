//! A client: draws requests, asks them, and writes down what came back and when.

use super::history::{Answer, Call, Operation, Window};
use super::options::Plan;
use crate::seeded::Seeded;
use apikeyd_client::{
    ApiKey, Client, CredentialsCause, DeleteOutcome, Error, Generate, KeyState, SaveMode, Status, UserId,
    Verdict,
};
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::stress::clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A machine that is busy otherwise may take its time.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Threads that share a client with a cache, so that each finds what others put into it.
const SHARING: usize = 8;

/// Keys of a user that clients go on using: the newest ones.
const KNOWN: usize = 3;

/// What the clients share.
pub(super) struct Arena {
    users: Vec<User>,
    caching: Vec<Client>,
}

struct User {
    id: UserId,
    known: Mutex<Known>,
}

/// Keys that some client was shown.
#[derive(Default)]
struct Known {
    /// Of this window, as drafts.
    keys: Vec<Arc<ApiKey>>,
    /// Of this window, saved.
    saved: Vec<Arc<ApiKey>>,
    /// The last of the window before, which have all ended.
    ended: Vec<Arc<ApiKey>>,
}

/// One client.
pub(super) struct Caller<'a> {
    arena: &'a Arena,
    asking: Client,
    caching: &'a Client,
    random: Seeded,
}

impl Arena {
    pub(super) fn new(scratch: &Scratch, plan: &Plan) -> Self {
        let user = |number| {
            let id = UserId::parse(&format!("user-{number}")).expect("a user's name");
            User { id, known: Mutex::default() }
        };
        let caching =
            || Client::builder().socket(scratch.socket()).timeout(TIMEOUT).build().expect("a client");
        Self {
            users: (0..plan.users).map(user).collect(),
            caching: (0..plan.clients.div_ceil(SHARING)).map(|_| caching()).collect(),
        }
    }

    /// The keys of the window before are history.
    pub(super) fn begin_window(&self) {
        for user in &self.users {
            let mut known = user.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.ended = std::mem::take(&mut known.saved);
            known.keys.clear();
        }
    }

    pub(super) fn cache_hits(&self) -> u64 {
        self.caching.iter().map(|client| client.cache_statistics().hits).sum()
    }
}

impl<'a> Caller<'a> {
    pub(super) fn new(arena: &'a Arena, scratch: &Scratch, number: usize, random: Seeded) -> Self {
        let builder = Client::builder().socket(scratch.socket()).cache(false).connections(1).timeout(TIMEOUT);
        let caching = &arena.caching[number / SHARING];
        Self { arena, asking: builder.build().expect("a client"), caching, random }
    }

    /// Draws so often, and asks what it drew, one after the other.
    pub(super) fn call(&mut self, count: u32) -> Window {
        let mut window = Window::new(self.arena.users.len());
        for _ in 0..count {
            let user = usize::try_from(self.random.below(self.arena.users.len() as u64)).unwrap_or(0);
            if self.random.one_in(8) {
                let (generate, save) = self.issue(&self.arena.users[user]);
                window.push(user, generate);
                window.push(user, save);
            } else if let Some(operation) = self.call_once(user) {
                window.push(user, operation);
            }
        }
        window
    }

    /// Leaves every user without a key and without a draft.
    pub(super) fn end_all(&mut self) -> Window {
        let mut window = Window::new(self.arena.users.len());
        for (number, user) in self.arena.users.iter().enumerate() {
            window.push(
                number,
                self.timed(Call::ChangeCredentials, |client| change_credentials(client, &user.id)),
            );
        }
        window
    }

    fn call_once(&mut self, number: usize) -> Option<Operation> {
        let user = &self.arena.users[number];
        Some(match self.random.below(100) {
            0..2 => self.generate(user).0,
            2..8 => {
                let key = self.a_key(user)?;
                self.save(user, &key)
            }
            8..13 => {
                let key = self.a_key(user)?.id();
                self.timed(Call::Delete { key }, |client| match client.delete(key) {
                    Ok(deleted) => match deleted.outcome {
                        DeleteOutcome::Revoked => Answer::Ended,
                        DeleteOutcome::AlreadyRevoked { cause, .. } => Answer::EndedBefore(cause),
                        DeleteOutcome::DraftDiscarded => Answer::Discarded,
                    },
                    Err(error) => refusal(&error),
                })
            }
            13..15 => self.timed(Call::ChangeCredentials, |client| change_credentials(client, &user.id)),
            15..25 => self.timed(Call::Retrieve, |client| match client.retrieve_user(&user.id) {
                Ok(record) => Answer::Active(Some(record.key_id)),
                Err(error) if error.status() == Some(Status::NotFound) => Answer::Active(None),
                Err(error) => panic!("no active key was told: {error}"),
            }),
            25..30 => {
                let key = self.an_ended_key(user)?;
                validate(&self.asking, &key)
            }
            30..60 => {
                let key = self.a_key(user)?;
                validate(&self.asking, &key)
            }
            _ => {
                let key = self.a_key(user)?;
                validate(self.caching, &key)
            }
        })
    }

    /// A draft that is saved at once.
    fn issue(&mut self, user: &User) -> (Operation, Operation) {
        let (generate, key) = self.generate(user);
        let save = self.save(user, &key);
        (generate, save)
    }

    fn generate(&self, user: &User) -> (Operation, Arc<ApiKey>) {
        let request = Generate::new(user.id.clone());
        let invoked = clock::now();
        let draft =
            self.asking.generate(&request).unwrap_or_else(|error| panic!("no draft was made: {error}"));
        let answer = Answer::Generated(draft.key_id);
        let operation = Operation { invoked, returned: clock::now(), call: Call::Generate, answer };
        let key = Arc::new(draft.key);
        user.known.lock().unwrap_or_else(PoisonError::into_inner).keys.push(Arc::clone(&key));
        (operation, key)
    }

    fn save(&mut self, user: &User, key: &Arc<ApiKey>) -> Operation {
        let mode = if self.random.one_in(2) { SaveMode::Add } else { SaveMode::Replace };
        let key_id = key.id();
        let operation =
            self.timed(Call::Save { key: key_id, mode }, |client| match client.save(key_id, mode) {
                Ok(saved) => {
                    let ended = match saved.key.state {
                        KeyState::Active => None,
                        KeyState::Revoked { cause, .. } => Some(cause),
                    };
                    Answer::Saved { replaced: saved.replaced, ended }
                }
                Err(error) => refusal(&error),
            });
        if let Answer::Saved { .. } = operation.answer {
            user.known.lock().unwrap_or_else(PoisonError::into_inner).saved.push(Arc::clone(key));
        }
        operation
    }

    fn a_key(&mut self, user: &User) -> Option<Arc<ApiKey>> {
        let known = user.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Mostly saved ones: of many drafts at once most are superseded before anybody asks for them.
        let keys = if self.random.one_in(4) { &known.keys } else { &known.saved };
        let newest = &keys[keys.len().saturating_sub(KNOWN)..];
        self.random.pick(newest).cloned()
    }

    fn an_ended_key(&mut self, user: &User) -> Option<Arc<ApiKey>> {
        let known = user.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.random.pick(&known.ended).cloned()
    }

    fn timed(&self, call: Call, ask: impl FnOnce(&Client) -> Answer) -> Operation {
        timed(call, || ask(&self.asking))
    }
}

fn validate(client: &Client, key: &ApiKey) -> Operation {
    timed(Call::Validate { key: key.id() }, || match client.validate(key) {
        Ok(Verdict::Valid(_)) => Answer::Valid,
        Ok(Verdict::Refused(_)) => Answer::Refused,
        Err(error) => panic!("no verdict was given: {error}"),
    })
}

fn change_credentials(client: &Client, user: &UserId) -> Answer {
    let ended = client.credentials_changed(user, CredentialsCause::Change);
    let ended = ended.unwrap_or_else(|error| panic!("no credentials were changed: {error}"));
    Answer::UserRevoked { key: ended.key_id, draft: ended.draft }
}

fn timed(call: Call, ask: impl FnOnce() -> Answer) -> Operation {
    let invoked = clock::now();
    let answer = ask();
    Operation { invoked, returned: clock::now(), call, answer }
}

fn refusal(error: &Error) -> Answer {
    match error.status() {
        Some(Status::NotFound) => Answer::NotFound,
        Some(Status::Conflict) => Answer::Conflict,
        _ => panic!("a request was not carried out: {error}"),
    }
}
