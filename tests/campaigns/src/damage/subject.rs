//! The database that is spoiled, and the right answers.

use super::image::Image;
use apikeyd::peer::Peer;
use apikeyd::service::{Clock, Service, Settings, authorise};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::message::{
    AuditHead, CredentialsCause, CredentialsChanged, Delete, DeleteUser, Generate, Refusal, Save, SaveMode,
    Validate, Verdict,
};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::time::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The subject's pepper.
pub const PEPPER: [u8; 32] = [0x5a; 32];

/// 2025-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_unix_millis(1_735_689_600_000);
const MINUTE: Duration = Duration::from_secs(60);

/// Users; each sixth one's key meets the same fate.
const USERS: usize = 36;

/// A key as a service would ask about it, and what must be answered.
#[derive(Debug)]
pub struct Answer {
    /// The key.
    pub key_id: KeyId,
    /// The bytes of its digest.
    pub digest: [u8; 32],
    /// `valid USER` or `refused REASON`.
    pub right: String,
}

/// A small store with keys in every state.
#[derive(Debug)]
pub struct Subject {
    /// The file after an orderly end.
    pub closed: Vec<u8>,
    /// The file as a kill leaves it, behind an acknowledged revocation.
    pub killed: Vec<u8>,
    /// What must be answered about each key, made-up ones among them.
    pub answers: Vec<Answer>,
    /// The end of the audit.
    pub head: AuditHead,
}

impl Subject {
    /// Makes the store by the daemon's own operations.
    #[must_use]
    pub fn make() -> Self {
        let image = Image::default();
        let clock = Clock::manual(START);
        Service::create_on(Box::new(image.clone()), &PEPPER, &clock).unwrap();
        let session = Session::open(image.clone(), clock).unwrap();
        let mut answers = Vec::new();
        for number in 0..USERS {
            session.clock.set(session.clock.now().saturating_add(MINUTE));
            answers.extend(session.fate(number));
        }
        // The last change is one that must not be forgotten.
        let last = session.generate("last", None);
        session.save(last.key_id, SaveMode::Add);
        session.delete(last.key_id);
        answers.push(Answer { right: "refused Ended(Deleted)".into(), ..last });
        for answer in answers.iter().map(forged).collect::<Vec<_>>() {
            answers.push(answer);
        }
        let head = session.service.audit_head();
        let killed = image.bytes();
        session.close();
        Self { closed: image.bytes(), killed, answers, head }
    }
}

/// The same id with another secret.
fn forged(answer: &Answer) -> Answer {
    let mut digest = answer.digest;
    digest[31] ^= 1;
    Answer { key_id: answer.key_id, digest, right: "refused WrongSecret".into() }
}

/// A service on an image, with one administrator who asks.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) service: Arc<Service>,
    pub(super) clock: Clock,
    runtime: Runtime,
    peer: Peer,
}

pub(super) const ADMIN: RightSet = RightSet::EMPTY.with(Right::Admin);

impl Session {
    /// Opens the store on an image.
    pub(super) fn open(image: Image, clock: Clock) -> Result<Self, apikeyd::service::OpenError> {
        let settings = Settings { cache_bytes: 1 << 20, ..Settings::in_dir(Path::new("nowhere")) };
        let service =
            Service::open_on(Arc::new(image), &PEPPER, settings, PolicyTable::shipped(), clock.clone())?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Ok(Self { service, clock, runtime, peer: peer() })
    }

    /// Opens the store as it is a day after it was made.
    pub(super) fn later(image: Image) -> Result<Self, apikeyd::service::OpenError> {
        Self::open(image, Clock::manual(START.saturating_add(MINUTE * 60 * 24)))
    }

    pub(super) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What is answered about a key: `valid USER`, `refused REASON`, or `error STATUS`.
    pub(super) fn verdict(&self, answer: &Answer) -> String {
        let permit = authorise(ADMIN, &self.peer).unwrap();
        let digest = KeyDigest::from_bytes(answer.digest);
        let request = Validate { key_id: answer.key_id, digest, operation: None };
        let told = |verdict: &Verdict<'_>| match verdict {
            Verdict::Valid(valid) => format!("valid {}", valid.user),
            Verdict::Refused(Refusal::OperationDenied(row)) => format!("denied {row}"),
            Verdict::Refused(refusal) => format!("refused {refusal:?}"),
        };
        let answered = self.service.validate(&permit, &request, told);
        answered.unwrap_or_else(|error| format!("error {}", error.status))
    }

    pub(super) fn close(self) {
        // What a spoiled store says at its end is no answer to anybody.
        let _ = self.run(self.service.close());
    }

    fn fate(&self, number: usize) -> Vec<Answer> {
        let name = format!("user-{number}");
        let user = UserId::parse(&name).unwrap();
        let until = (number % 6 == 5).then(|| self.clock.now().saturating_add(MINUTE));
        let key = self.generate(&name, until);
        self.save(key.key_id, SaveMode::Add);
        let permit = || authorise(ADMIN, &self.peer).unwrap();
        let right = match number % 6 {
            0 => format!("valid {name}"),
            1 => {
                self.delete(key.key_id);
                "refused Ended(Deleted)".into()
            }
            2 => {
                let next = self.generate(&name, None);
                self.save(next.key_id, SaveMode::Replace);
                let old = Answer { right: "refused Ended(Replaced)".into(), ..key };
                return vec![old, Answer { right: format!("valid {name}"), ..next }];
            }
            3 => {
                let request = CredentialsChanged { user, cause: CredentialsCause::Reset };
                self.run(self.service.credentials_changed(&permit(), request)).unwrap();
                "refused Ended(CredentialsChanged)".into()
            }
            4 => {
                self.run(self.service.delete_user(&permit(), DeleteUser { user })).unwrap();
                "refused Ended(UserDeleted)".into()
            }
            _ => "refused Ended(Expired)".into(),
        };
        vec![Answer { right, ..key }]
    }

    pub(super) fn generate(&self, user: &str, expires_at: Option<Timestamp>) -> Answer {
        let user = UserId::parse(user).unwrap();
        let permit = authorise(ADMIN, &self.peer).unwrap();
        let label = Some(Label::parse("a key").unwrap());
        let key = self.service.generate(&permit, Generate { user, label, expires_at }).unwrap().key.0;
        Answer { key_id: key.id(), digest: *key.digest().expose_bytes(), right: String::new() }
    }

    fn save(&self, key_id: KeyId, mode: SaveMode) {
        let permit = authorise(ADMIN, &self.peer).unwrap();
        self.run(self.service.save(&permit, Save { key_id, mode })).unwrap();
    }

    fn delete(&self, key_id: KeyId) {
        let permit = authorise(ADMIN, &self.peer).unwrap();
        self.run(self.service.delete(&permit, Delete { key_id })).unwrap();
    }
}

fn peer() -> Peer {
    Peer { uid: 1000, gid: 1000, pid: 4711, groups: Box::default() }
}
