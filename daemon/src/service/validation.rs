//! Validation: the question that the daemon exists for.

use super::Service;
use super::error::ServiceError;
use super::hot::Entry;
use super::permit::{Permit, right};
use super::words::Words;
use apikeyd_keystore::StoreError;
use apikeyd_keystore::domain::{KeyRefusal, KeyTag, judge};
use apikeyd_policy as policy;
use apikeyd_protocol::message::{Freshness, Operation, Refusal, ValidKey, Validate, Verdict};
use apikeyd_protocol::time::Timestamp;
use core::hint::black_box;

/// A key's use is handed on to be written when this much time has passed since the last one that was, in
/// milliseconds: with the flush after it, the last use is true within a minute.
const NOTE_INTERVAL: u64 = 15_000;

/// One validation on its way.
struct Question<'q> {
    request: &'q Validate<'q>,
    now: Timestamp,
    tag: KeyTag,
    freshness: Freshness,
    uid: u32,
    sees_reasons: bool,
}

impl Service {
    /// Judges a key, and an operation when one is given, and lends the verdict to `answer`. Synchronous; makes
    /// no system call and no allocation when the key is in the daemon's cache.
    ///
    /// # Errors
    /// `StorageUnavailable` when the record could not be read, `ShuttingDown`. A refusal is no error.
    pub fn validate<T>(
        &self,
        permit: &Permit<'_, right::Validate>,
        request: &Validate<'_>,
        answer: impl FnOnce(&Verdict<'_>) -> T,
    ) -> Result<T, ServiceError> {
        let question = Question {
            request,
            now: self.clock.now(),
            // The same hashing for known and unknown ids: the time tells nothing of which there are.
            tag: self.store.secrets().tag(&request.digest),
            // Instance and epoch were read before the rights, the generation is read before the key; see `revocation`.
            freshness: self.memory.generations.read(permit.as_of(), request.key_id),
            uid: permit.uid(),
            sees_reasons: permit.sees_reasons(),
        };
        self.hot
            .lend(request.key_id, &question.freshness, answer, |entry, answer| {
                Ok(self.judge_entry(&question, entry, answer))
            })
            .unwrap_or_else(|answer| self.look_up(&question, answer))
    }

    fn look_up<T>(
        &self,
        question: &Question<'_>,
        answer: impl FnOnce(&Verdict<'_>) -> T,
    ) -> Result<T, ServiceError> {
        self.counters.from_database.add();
        let key_id = question.request.key_id;
        match self.store.read(|view| view.record(key_id)) {
            Ok(Some(record)) => {
                let entry = Entry::new(record, question.freshness);
                let answered = self.judge_entry(question, &entry, answer);
                self.hot.insert(entry);
                Ok(answered)
            }
            Ok(None) => Ok(self.refuse(question, self.judge_unsaved(question), answer)),
            Err(StoreError::Damaged(detail)) => {
                tracing::error!(key = %key_id, detail, "a key was refused because its record is damaged");
                Ok(self.refuse(question, KeyRefusal::Damaged, answer))
            }
            Err(error) => {
                self.counters.unanswered.add();
                Err(error.into())
            }
        }
    }

    fn judge_entry<T>(
        &self,
        question: &Question<'_>,
        entry: &Entry,
        answer: impl FnOnce(&Verdict<'_>) -> T,
    ) -> T {
        let matches = entry.tag.matches(&question.tag);
        if let Err(refusal) = judge(question.now, matches, entry.state, entry.expires_at) {
            return self.refuse(question, refusal, answer);
        }
        match &question.request.operation {
            None => self.accept(question, entry, answer),
            Some(operation) => self.judge_operation(question, entry, operation, answer),
        }
    }

    /// The key is good; the policy table has the last word.
    fn judge_operation<T>(
        &self,
        question: &Question<'_>,
        entry: &Entry,
        operation: &Operation<'_>,
        answer: impl FnOnce(&Verdict<'_>) -> T,
    ) -> T {
        let in_force = self.memory.policy();
        let judgement = in_force.table.judge(operation.method, operation.target);
        let mut words = Words::new();
        let refusal = match judgement.verdict {
            policy::Verdict::Allow => return self.accept(question, entry, answer),
            policy::Verdict::Deny => {
                Refusal::OperationDenied(judgement.row.map_or("", |row| row.name().unwrap_or(row.template())))
            }
            policy::Verdict::Ambiguous => Refusal::OperationAmbiguous(match judgement.ambiguity {
                Some(ambiguity) => words.write(&ambiguity),
                None => "",
            }),
        };
        let verdict = Verdict::Refused(refusal);
        self.counters.verdict(&verdict);
        answer(&verdict)
    }

    fn accept<T>(&self, question: &Question<'_>, entry: &Entry, answer: impl FnOnce(&Verdict<'_>) -> T) -> T {
        let key_id = question.request.key_id;
        if entry.should_note(question.now, NOTE_INTERVAL) {
            self.last_used.note(key_id, question.now);
        }
        if entry.is_new_to(question.uid) {
            self.answered.add(question.uid, key_id);
        }
        let verdict = Verdict::Valid(ValidKey {
            user: &entry.user,
            key_id,
            label: entry.label.as_deref(),
            expires_at: entry.expires_at,
            freshness: question.freshness,
        });
        self.counters.verdict(&verdict);
        answer(&verdict)
    }

    fn refuse<T>(
        &self,
        question: &Question<'_>,
        refusal: KeyRefusal,
        answer: impl FnOnce(&Verdict<'_>) -> T,
    ) -> T {
        let reason = Verdict::Refused(match refusal {
            KeyRefusal::Unknown => Refusal::UnknownKey,
            KeyRefusal::NotSaved => Refusal::NotSaved,
            KeyRefusal::WrongSecret => Refusal::WrongSecret,
            KeyRefusal::Revoked(reason) => Refusal::Revoked(reason),
            KeyRefusal::Damaged => Refusal::Damaged,
        });
        self.counters.verdict(&reason);
        if question.sees_reasons { answer(&reason) } else { answer(&Verdict::Refused(Refusal::Invalid)) }
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
