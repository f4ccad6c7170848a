//! A running service and one administrator who asks it.

use super::{ADMIN, peer};
use apikeyd::operations::{ErrorKind, Permit, Service, ServiceError, authorise};
use apikeyd::peer::Peer;
use apikeyd_protocol::key::{ApiKey, KeyDigest, KeyId};
use apikeyd_protocol::message::{
    AuditList, AuditReport, AuditVerify, CredentialsChanged, Delete, DeleteUser, Deleted, Generate,
    KeyRecord, List, Refusal, RetrieveKey, Save, Saved, UserRevoked, Validate, Verdict,
};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::right::{RightSet, RightType};
use apikeyd_protocol::term::{AuditHead, AuditRow, CredentialsCause, SaveMode};
use apikeyd_protocol::time::Timestamp;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A key as a service asks about it.
#[derive(Clone, Debug)]
pub struct Question {
    /// The key.
    pub key_id: KeyId,
    /// The bytes of its digest.
    pub digest: [u8; 32],
}

impl From<&ApiKey> for Question {
    fn from(key: &ApiKey) -> Self {
        Self { key_id: key.id(), digest: *key.digest().expose_bytes() }
    }
}

impl From<&Self> for Question {
    fn from(question: &Self) -> Self {
        question.clone()
    }
}

/// What a verdict says: `valid USER`, `denied ROW` or `refused REASON`.
#[must_use]
pub fn told(verdict: &Verdict<'_>) -> String {
    match verdict {
        Verdict::Valid(valid) => format!("valid {}", valid.user),
        Verdict::Refused(Refusal::OperationDenied(row)) => format!("denied {row}"),
        Verdict::Refused(refusal) => format!("refused {refusal:?}"),
    }
}

/// A running service.
#[derive(Debug)]
pub struct Session {
    /// The service.
    pub service: Arc<Service>,
    /// Who asks.
    pub peer: Peer,
    /// What runs its futures: one thread.
    pub runtime: Runtime,
}

impl Session {
    /// With user 1000 as the administrator.
    #[must_use]
    pub fn of(service: Arc<Service>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Self { service, peer: peer(1000), runtime: runtime.expect("a runtime") }
    }

    /// Waits for an answer.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The administrator's leave, as of now.
    #[must_use]
    pub fn permit<R: RightType>(&self) -> Permit<R> {
        super::permit(&self.service, &self.peer)
    }

    /// Makes a draft.
    #[must_use]
    pub fn generate(&self, user: &str, label: Option<&str>, expires_at: Option<Timestamp>) -> ApiKey {
        let label = label.map(|label| Label::parse(label).expect("a label"));
        let request = Generate::new(UserId::parse(user).expect("a user")).label(label).expires_at(expires_at);
        self.service.generate(&self.permit(), request).expect("a draft").key
    }

    /// Saves a draft.
    ///
    /// # Errors
    /// As the service.
    pub fn save(&self, key_id: KeyId, mode: SaveMode) -> Result<Saved, ServiceError> {
        self.run(self.service.save(&self.permit(), Save::new(key_id, mode)))
    }

    /// Revokes a key or discards a draft.
    ///
    /// # Errors
    /// As the service.
    pub fn delete(&self, key_id: KeyId) -> Result<Deleted, ServiceError> {
        self.run(self.service.delete(&self.permit(), Delete::new(key_id)))
    }

    /// Tells of a new password.
    ///
    /// # Errors
    /// As the service.
    pub fn reset_credentials(&self, user: &str) -> Result<UserRevoked, ServiceError> {
        let request = CredentialsChanged::new(UserId::parse(user).expect("a user"), CredentialsCause::Reset);
        self.run(self.service.credentials_changed(&self.permit(), request))
    }

    /// Tells that an account is gone.
    ///
    /// # Errors
    /// As the service.
    pub fn delete_user(&self, user: &str) -> Result<UserRevoked, ServiceError> {
        let request = DeleteUser::new(UserId::parse(user).expect("a user"));
        self.run(self.service.delete_user(&self.permit(), request))
    }

    /// What a caller with these rights is [told] about a key.
    ///
    /// # Errors
    /// Why it is not answered.
    pub fn try_verdict(&self, rights: RightSet, question: impl Into<Question>) -> Result<String, ErrorKind> {
        let Question { key_id, digest } = question.into();
        let permit = authorise(self.service.standing(|| rights), &self.peer).expect("a right to ask");
        let request = Validate::new(key_id, KeyDigest::from_bytes(digest));
        let judged = self.service.validate(&permit, &request);
        judged.map(|judged| told(&judged.verdict())).map_err(|error| error.kind)
    }

    /// What the administrator is [told] about a key.
    #[must_use]
    #[track_caller]
    pub fn verdict(&self, question: impl Into<Question>) -> String {
        self.try_verdict(ADMIN, question).expect("a verdict")
    }

    /// The record of a key.
    ///
    /// # Errors
    /// As the service.
    pub fn record(&self, key_id: KeyId) -> Result<KeyRecord, ServiceError> {
        self.service.retrieve_key(&self.permit(), RetrieveKey::new(key_id))
    }

    /// All records, in pages of this length.
    ///
    /// # Errors
    /// As the service.
    pub fn records(&self, page_length: u16, include_revoked: bool) -> Result<Vec<KeyRecord>, ServiceError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let request = List::new().after(after).limit(page_length).include_revoked(include_revoked);
            let page = self.service.list(&self.permit(), request, &|| false)?;
            assert!(page.keys.len() <= usize::from(page_length), "a page that is too long");
            found.extend(page.keys);
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    /// All rows of the audit.
    ///
    /// # Errors
    /// As the service.
    pub fn audit_rows(&self) -> Result<Vec<AuditRow>, ServiceError> {
        let (mut rows, mut after) = (Vec::new(), Some(0));
        while let Some(from) = after {
            let page = self.service.audit_list(&self.permit(), AuditList::new().after(from), &|| false)?;
            rows.extend(page.rows);
            after = page.next;
        }
        Ok(rows)
    }

    /// Has the audit checked.
    ///
    /// # Errors
    /// As the service's own check.
    pub fn verify(&self, known_head: Option<AuditHead>) -> Result<AuditReport, ServiceError> {
        self.service.audit_verify(&self.permit(), AuditVerify::new().known_head(known_head), &|| false)
    }

    /// Ends the service.
    ///
    /// # Errors
    /// As the service.
    pub fn close(self) -> Result<(), ServiceError> {
        self.run(self.service.close())
    }
}
