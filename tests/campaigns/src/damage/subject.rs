//! The database that is spoiled, and the right answers.

use crate::in_memory::{Image, Question, START, Session};
use apikeyd::operations::OpenError;
use apikeyd::parts::{Clock, Parts};
use apikeyd_protocol::term::{AuditHead, SaveMode};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Users; each sixth one's key meets the same fate.
const USERS: usize = 36;

/// A question and what must be answered.
#[derive(Debug)]
pub struct Answer {
    /// The key.
    pub question: Question,
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
    /// The file before its last change.
    pub yesterday: Vec<u8>,
    /// The key that the last change ended.
    pub last: Question,
}

impl Subject {
    /// Makes the store by the daemon's own operations, with these parts but for the clock.
    #[must_use]
    pub fn make(parts: Parts) -> Self {
        let image = Image::default();
        let session = Session::create(image.clone(), parts);
        let mut answers = Vec::new();
        for number in 0..USERS {
            session.clock.set(session.clock.now().saturating_add(MINUTE));
            answers.extend(fate(&session, number));
        }
        // The last change is one that must not be forgotten.
        let last = session.generate("last", None);
        session.save(last.key_id, SaveMode::Add);
        let yesterday = image.bytes();
        session.delete(last.key_id);
        answers.push(Answer { question: last.clone(), right: "refused Revoked(Deleted)".into() });
        let forged: Vec<_> = answers.iter().map(forged).collect();
        answers.extend(forged);
        let head = session.service.audit_head();
        let killed = image.bytes();
        session.close();
        Self { closed: image.bytes(), killed, answers, head, yesterday, last }
    }
}

/// Opens a subject's file as it is a day after it was made, with these parts but for the clock.
///
/// # Errors
/// As the daemon's own opening.
pub fn open_later(image: Image, parts: Parts) -> Result<Session, OpenError> {
    let clock = Clock::manual(START.saturating_add(MINUTE * 60 * 24));
    Session::open(image, parts.with_clock(clock))
}

/// The same id with another secret.
fn forged(answer: &Answer) -> Answer {
    let mut question = answer.question.clone();
    question.digest[31] ^= 1;
    Answer { question, right: "refused WrongSecret".into() }
}

/// Makes a user's key and lets happen to it what happens to each sixth one.
fn fate(session: &Session, number: usize) -> Vec<Answer> {
    let user = format!("user-{number}");
    let until = (number % 6 == 5).then(|| session.clock.now().saturating_add(MINUTE));
    let question = session.generate(&user, until);
    session.save(question.key_id, SaveMode::Add);
    let right = match number % 6 {
        0 => format!("valid {user}"),
        1 => {
            session.delete(question.key_id);
            "refused Revoked(Deleted)".into()
        }
        2 => {
            let next = session.generate(&user, None);
            session.save(next.key_id, SaveMode::Replace);
            let old = Answer { question, right: "refused Revoked(Replaced)".into() };
            return vec![old, Answer { question: next, right: format!("valid {user}") }];
        }
        3 => {
            session.reset_credentials(&user);
            "refused Revoked(CredentialsChanged)".into()
        }
        4 => {
            session.delete_user(&user);
            "refused Revoked(UserDeleted)".into()
        }
        _ => "refused Revoked(Expired)".into(),
    };
    vec![Answer { question, right }]
}
