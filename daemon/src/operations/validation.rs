//! Validation, the daemon's main purpose.

use super::dispatch::serve::Hold;
use super::dispatch::serve::{Call, Serve, Served};
use super::error::ServiceError;
use super::permit::Permit;
use super::service::Service;
use super::state::hot::{Entry, Held};
use super::state::memory::InForce;
use apikeyd_keystore::StoreError;
use apikeyd_keystore::domain::{KeyRefusal, KeyTag, judge};
use apikeyd_policy::{Ambiguity, Verdict as Decision};
use apikeyd_protocol::message::{Freshness, Operation, Refusal, ValidKey, Validate, Verdict};
use apikeyd_protocol::operation;
use apikeyd_protocol::right::types;
use apikeyd_protocol::time::Timestamp;
use arc_swap::Guard;
use core::hint::black_box;
use std::sync::Arc;

/// A key's use is passed on to be written if this many milliseconds have passed since the last one that was:
/// together with the flush, the last use is accurate to a minute.
const NOTE_INTERVAL: u64 = 15_000;

impl Serve for operation::Validate {
    const HOLD: Hold = Hold::Never;

    #[inline]
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let judged = call.daemon.service.validate(&call.permit, &call.request)?;
        Ok(call.reply.answer::<Self>(&judged.verdict()))
    }
}

/// A verdict, and what it borrows from.
#[derive(Debug)]
pub struct Judged<'s> {
    record: Record<'s>,
    freshness: Freshness,
    outcome: Outcome,
}

/// The record that was judged.
#[derive(Debug)]
enum Record<'s> {
    /// In the daemon's cache.
    Held(Held<'s>),
    /// Just read from the database.
    Read(Box<Entry>),
    /// There is none.
    None,
}

/// The outcome for the caller.
#[derive(Debug)]
enum Outcome {
    Valid,
    Refused(KeyRefusal),
    /// Refused, for reasons that the caller may not see.
    Invalid,
    /// By a row of the table in force, or by its default.
    Denied {
        in_force: Arc<InForce>,
        row: Option<usize>,
    },
    Ambiguous(Option<Ambiguity>),
}

/// One validation in progress.
struct Question<'q> {
    request: &'q Validate<'q>,
    now: Timestamp,
    tag: KeyTag,
    freshness: Freshness,
    uid: u32,
    sees_reasons: bool,
}

impl Service {
    /// Judges a key, and an operation if one is given. Synchronous; makes no system call and no allocation if
    /// the key is in the daemon's cache.
    ///
    /// # Errors
    /// `StorageUnavailable` if the record could not be read, `ShuttingDown`. A refusal is not an error.
    #[inline]
    pub fn validate(
        &self,
        permit: &Permit<types::Validate>,
        request: &Validate<'_>,
    ) -> Result<Judged<'_>, ServiceError> {
        let question = Question {
            request,
            now: self.clock.now(),
            // The same hashing for known and unknown ids: the time does not reveal which exist.
            tag: self.store.secrets().tag(&request.digest),
            // Instance and epoch were read before the rights; the generation is read before the key. See
            // `revocation`.
            freshness: self.memory.generations.read(permit.as_of(), request.key_id),
            uid: permit.uid(),
            sees_reasons: permit.sees_reasons(),
        };
        let freshness = question.freshness;
        let Some(held) = self.hot.get(request.key_id, &freshness) else { return self.look_up(&question) };
        let outcome = match held.entry() {
            Some(entry) => self.judge(&question, entry),
            None => return self.look_up(&question),
        };
        Ok(Judged { record: Record::Held(held), freshness, outcome })
    }

    fn look_up(&self, question: &Question<'_>) -> Result<Judged<'_>, ServiceError> {
        self.counters.from_database.add();
        let (key_id, freshness) = (question.request.key_id, question.freshness);
        let refused = |refusal| {
            let outcome = self.refuse(question, refusal);
            Ok(Judged { record: Record::None, freshness, outcome })
        };
        match self.store.read(|view| view.record(key_id)) {
            Ok(Some(record)) => {
                let entry = Box::new(Entry::new(record, freshness));
                let outcome = self.judge(question, &entry);
                self.hot.insert(entry.copy());
                Ok(Judged { record: Record::Read(entry), freshness, outcome })
            }
            Ok(None) => refused(self.judge_unsaved(question)),
            Err(StoreError::Damaged(detail)) => {
                tracing::error!(key = %key_id, detail, "a key was refused because its record is damaged");
                refused(KeyRefusal::Damaged)
            }
            Err(error) => {
                self.counters.unanswered.add();
                Err(error.into())
            }
        }
    }

    #[inline]
    fn judge(&self, question: &Question<'_>, entry: &Entry) -> Outcome {
        let matches = entry.tag.matches(&question.tag);
        if let Err(refusal) = judge(question.now, matches, entry.state, entry.expires_at) {
            return self.refuse(question, refusal);
        }
        // The policy table has the last word.
        if let Some(operation) = &question.request.operation
            && let Some(refused) = self.judge_operation(operation)
        {
            return refused;
        }
        let key_id = question.request.key_id;
        if entry.should_note(question.now, NOTE_INTERVAL) {
            self.last_used.note(key_id, question.now);
        }
        if entry.is_new_to(question.uid) {
            self.answered.add(question.uid, key_id);
        }
        self.counters.valid.add();
        Outcome::Valid
    }

    /// The refusal of an operation; none if it is allowed.
    #[inline]
    fn judge_operation(&self, operation: &Operation<'_>) -> Option<Outcome> {
        let in_force = self.memory.policy();
        let judgement = in_force.table.judge(operation.method, operation.target);
        match judgement.verdict {
            Decision::Allow => None,
            Decision::Deny => {
                self.counters.denied.add();
                let row = judgement.row.and_then(|row| in_force.position(row));
                Some(Outcome::Denied { in_force: Guard::into_inner(in_force), row })
            }
            Decision::Ambiguous => {
                self.counters.ambiguous.add();
                Some(Outcome::Ambiguous(judgement.ambiguity))
            }
        }
    }

    fn refuse(&self, question: &Question<'_>, refusal: KeyRefusal) -> Outcome {
        self.counters.refused(refusal);
        if question.sees_reasons { Outcome::Refused(refusal) } else { Outcome::Invalid }
    }

    /// No record: a draft, or nothing. A tag is compared either way.
    fn judge_unsaved(&self, question: &Question<'_>) -> KeyRefusal {
        let draft = self.memory.drafts().get(question.now, question.request.key_id).map(|draft| draft.tag);
        let against = draft.unwrap_or(KeyTag::from_bytes([0; KeyTag::BYTES]));
        let matches = black_box(against.matches(&question.tag));
        match draft {
            Some(_) if matches => KeyRefusal::NotSaved,
            Some(_) => KeyRefusal::WrongSecret,
            None => KeyRefusal::Unknown,
        }
    }
}

impl Judged<'_> {
    /// The verdict, as shown to the caller.
    #[must_use]
    #[inline]
    pub fn verdict(&self) -> Verdict<'_> {
        let refusal = match &self.outcome {
            Outcome::Valid => match self.entry() {
                Some(entry) => return Verdict::Valid(entry.shown(self.freshness)),
                None => Refusal::Invalid,
            },
            Outcome::Invalid => Refusal::Invalid,
            Outcome::Refused(refusal) => shown(*refusal),
            Outcome::Denied { in_force, row } => {
                let row = row.and_then(|row| in_force.table.rows().get(row));
                Refusal::OperationDenied(row.map_or("", |row| row.name().unwrap_or(row.template())))
            }
            Outcome::Ambiguous(ambiguity) => {
                Refusal::OperationAmbiguous(ambiguity.map_or("", Ambiguity::sentence))
            }
        };
        Verdict::Refused(refusal)
    }

    #[inline]
    fn entry(&self) -> Option<&Entry> {
        match &self.record {
            Record::Held(held) => held.entry(),
            Record::Read(entry) => Some(entry),
            Record::None => None,
        }
    }
}

impl Entry {
    #[inline]
    fn shown(&self, freshness: Freshness) -> ValidKey<'_> {
        ValidKey {
            user: &self.user,
            key_id: self.key_id,
            label: self.label.as_deref(),
            expires_at: self.expires_at,
            freshness,
        }
    }
}

const fn shown(refusal: KeyRefusal) -> Refusal<'static> {
    match refusal {
        KeyRefusal::Unknown => Refusal::UnknownKey,
        KeyRefusal::NotSaved => Refusal::NotSaved,
        KeyRefusal::WrongSecret => Refusal::WrongSecret,
        KeyRefusal::Revoked(cause) => Refusal::Revoked(cause),
        KeyRefusal::Damaged => Refusal::Damaged,
    }
}
