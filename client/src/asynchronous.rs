//! The client for tasks of tokio.

mod connect;
mod link;
mod links;
mod refill;

use crate::blocking::Backup;
use crate::builder::Builder;
use crate::cache::{Cache, CacheStatistics, Miss};
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, ProtocolError};
use crate::request::{
    AskBackup, AskFilesInForce, AskReload, AskStatistics, AskStatus, PolicyAnswer, Request,
};
use crate::verdict::{Refusal, Verdict};
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::{
    AuditList, AuditPage, AuditReport, AuditVerify, CredentialsChanged, Delete, DeleteUser, Deleted,
    FilesInForce, Generate, Generated, KeyPage, KeyRecord, List, Operation, PolicyPage, PolicyRows, Reloaded,
    RetrieveKey, RetrieveUser, Save, Saved, Statistics, Status, UserRevoked, Validate,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::right::RightSet;
use apikeyd_protocol::term::{AuditHead, CredentialsCause, SaveMode};
use links::Links;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// Asks the daemon, many requests at a time over one connection.
///
/// Clones are cheap and share the connection. Requests of several tasks leave together and are answered in any
/// order; a request that is dropped while it waits disturbs no other, though the daemon may still do it. A
/// request runs on the runtime of its caller; the connection is served by a task on the runtime of the request
/// that made it, and is made again if that runtime ends. After a `fork` the child, with a runtime of its own,
/// makes a connection of its own.
#[derive(Clone, Debug)]
pub struct AsyncClient {
    links: Arc<Links>,
    cache: Option<Arc<Cache>>,
    timeout: Duration,
}

impl AsyncClient {
    /// A client of the daemon at [`default_socket`](crate::default_socket), connected.
    ///
    /// # Errors
    /// Everything that can go wrong in connecting; [`Error::Unreachable`] when no daemon listens.
    pub async fn connect() -> Result<Self, Error> {
        Self::builder().connect_async().await
    }

    /// For other settings; see [`Builder::build_async`] and [`Builder::connect_async`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(endpoint: Endpoint, timeout: Duration, cache: Option<Arc<Cache>>) -> Self {
        Self { links: Arc::new(Links::new(endpoint)), cache, timeout }
    }

    /// This client with another time for a whole request; the connection and the cache are shared.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// What this process may do, as the daemon said when the connection was made. Connects if need be.
    ///
    /// # Errors
    /// Everything that can go wrong in connecting.
    pub async fn rights(&self) -> Result<RightSet, Error> {
        self.links.rights(self.deadline()).await
    }

    /// Is this key good?
    ///
    /// # Errors
    /// When there is no verdict. A refused key is a verdict, not an error.
    pub async fn validate(&self, key: &ApiKey) -> Result<Verdict, Error> {
        self.judge(key, None).await
    }

    /// Is this key good, and may this operation be done with it? `method` and `target` are those of the
    /// request that will be served, raw, as on its request line.
    ///
    /// # Errors
    /// When there is no verdict.
    pub async fn validate_operation(
        &self,
        key: &ApiKey,
        method: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
    ) -> Result<Verdict, Error> {
        self.judge(key, Some(Operation::new(method.as_ref(), target.as_ref()))).await
    }

    /// [`validate`](Self::validate) for a text that may not even be a key; such a text is refused here, and
    /// the daemon is not asked.
    ///
    /// # Errors
    /// When there is no verdict.
    pub async fn validate_text(&self, key: impl AsRef<[u8]>) -> Result<Verdict, Error> {
        match ApiKey::parse(key.as_ref()) {
            Ok(key) => self.validate(&key).await,
            Err(fault) => Ok(Verdict::Refused(Refusal::Malformed(fault))),
        }
    }

    /// [`validate_operation`](Self::validate_operation) for a text that may not even be a key; such a text is
    /// refused here, and the daemon is not asked.
    ///
    /// # Errors
    /// When there is no verdict.
    pub async fn validate_text_operation(
        &self,
        key: impl AsRef<[u8]>,
        method: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
    ) -> Result<Verdict, Error> {
        match ApiKey::parse(key.as_ref()) {
            Ok(key) => self.validate_operation(&key, method, target).await,
            Err(fault) => Ok(Verdict::Refused(Refusal::Malformed(fault))),
        }
    }

    /// What the cache of this client and its clones did; all zero without one.
    #[must_use]
    pub fn cache_statistics(&self) -> CacheStatistics {
        self.cache.as_ref().map(|cache| cache.statistics()).unwrap_or_default()
    }

    /// Every validation passes here.
    #[inline]
    async fn judge(&self, key: &ApiKey, operation: Option<Operation<'_>>) -> Result<Verdict, Error> {
        match self.cache.as_ref().and_then(|cache| cache.look_up(key, operation.as_ref())) {
            Some(key) => Ok(Verdict::Valid(key)),
            None => self.ask_for_verdict(key, operation).await,
        }
    }

    #[inline(never)]
    async fn ask_for_verdict(
        &self,
        key: &ApiKey,
        operation: Option<Operation<'_>>,
    ) -> Result<Verdict, Error> {
        let deadline = self.deadline();
        let has_operation = operation.is_some();
        let judged =
            self.links.ask(&Validate::new(key.id(), key.digest()).operation(operation), deadline).await?;
        if let Some(cache) = &self.cache {
            cache.missed();
            let miss = Miss { cache, key, has_operation, judged: &judged };
            refill::refill(&miss, &self.links, deadline).await;
        }
        Ok(judged.verdict)
    }

    /// Makes a draft key, which is shown in this answer and nowhere else. Never sent twice: after an error the
    /// draft may exist, and a new `generate` takes its place.
    ///
    /// # Errors
    /// `InvalidArgument` for an expiry in the past, `Busy` when too many drafts wait.
    pub async fn generate(&self, request: &Generate) -> Result<Generated, Error> {
        self.ask(request).await
    }

    /// Makes a draft the user's active key. May be repeated: the answer is the same.
    ///
    /// # Errors
    /// `NotFound` for a draft that is gone, or for `Replace` without an active key; `Conflict` for `Add` with
    /// one; `NotPermitted` for another user's draft.
    pub async fn save(&self, key_id: KeyId, mode: SaveMode) -> Result<Saved, Error> {
        self.ask(&Save::new(key_id, mode)).await
    }

    /// The user's active key.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn retrieve_user(&self, user: &UserId) -> Result<KeyRecord, Error> {
        self.ask(&RetrieveUser::new(user.clone())).await
    }

    /// A saved key by its id, active or ended.
    ///
    /// # Errors
    /// `NotFound` when no key of that id was saved.
    pub async fn retrieve_key(&self, key_id: KeyId) -> Result<KeyRecord, Error> {
        self.ask(&RetrieveKey::new(key_id)).await
    }

    /// Ends a key, or discards a draft of this user. When this returns, no validation that starts afterwards
    /// on this host accepts the key. Deleting an ended key succeeds and says so.
    ///
    /// # Errors
    /// `NotFound` for an id that is unknown.
    pub async fn delete(&self, key_id: KeyId) -> Result<Deleted, Error> {
        self.ask(&Delete::new(key_id)).await
    }

    /// Tells that the user's password was changed or reset: ends the active key, drops the draft.
    ///
    /// # Errors
    /// Only those of every request; a user without a key is none.
    pub async fn credentials_changed(
        &self,
        user: &UserId,
        cause: CredentialsCause,
    ) -> Result<UserRevoked, Error> {
        self.ask(&CredentialsChanged::new(user.clone(), cause)).await
    }

    /// Tells that the user's account is gone: ends the active key, drops the draft.
    ///
    /// # Errors
    /// Only those of every request; a user without a key is none.
    pub async fn delete_user(&self, user: &UserId) -> Result<UserRevoked, Error> {
        self.ask(&DeleteUser::new(user.clone())).await
    }

    /// One page of saved keys.
    ///
    /// # Errors
    /// `InvalidArgument` for a page of no or too many records.
    pub async fn list(&self, request: &List) -> Result<KeyPage, Error> {
        self.ask(request).await
    }

    /// One page of the audit.
    ///
    /// # Errors
    /// `InvalidArgument` for a page of no or too many rows.
    pub async fn audit_list(&self, request: &AuditList) -> Result<AuditPage, Error> {
        self.ask(request).await
    }

    /// Checks the whole audit chain, and that a head seen before is still in it. Takes time on a long chain:
    /// see [`with_timeout`](Self::with_timeout).
    ///
    /// # Errors
    /// Only those of every request; a fault of the chain is in the report.
    pub async fn audit_verify(&self, known_head: Option<AuditHead>) -> Result<AuditReport, Error> {
        self.ask(&AuditVerify::new().known_head(known_head)).await
    }

    /// Counters since the daemon's start.
    ///
    /// # Errors
    /// Only those of every request.
    pub async fn statistics(&self) -> Result<Statistics, Error> {
        self.ask(&AskStatistics::ASK).await
    }

    /// By which files the daemon runs: its configuration and its policy file.
    ///
    /// # Errors
    /// Only those of every request; `UnknownOpcode` from a daemon that is older than this question.
    pub async fn files_in_force(&self) -> Result<FilesInForce, Error> {
        self.ask(&AskFilesInForce::ASK).await
    }

    /// What the daemon is and how it is.
    ///
    /// # Errors
    /// Only those of every request.
    pub async fn status(&self) -> Result<Status, Error> {
        self.ask(&AskStatus::ASK).await
    }

    /// One page of the policy table, after `from` rows.
    ///
    /// # Errors
    /// Only those of every request.
    pub async fn policy_rows(&self, from: u32) -> Result<PolicyPage, Error> {
        self.ask(&PolicyRows::new(from)).await
    }

    /// The policy table's verdict on an operation, without a key.
    ///
    /// # Errors
    /// Only those of every request.
    pub async fn policy_test(
        &self,
        method: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
    ) -> Result<PolicyAnswer, Error> {
        self.ask(&Operation::new(method.as_ref(), target.as_ref())).await
    }

    /// Has the daemon read its policy file and its rights again.
    ///
    /// # Errors
    /// `InvalidConfiguration` when a file has faults; what was in force stays in force.
    pub async fn reload(&self) -> Result<Reloaded, Error> {
        self.ask(&AskReload::ASK).await
    }

    /// A consistent copy of the database. Takes time on a large one: see
    /// [`with_timeout`](Self::with_timeout). Never sent twice.
    ///
    /// # Errors
    /// `StorageUnavailable` when there is no room for the copy.
    pub async fn backup(&self) -> Result<Backup, Error> {
        let (ready, descriptor) = self.links.ask_for_descriptor(&AskBackup::ASK, self.deadline()).await?;
        let file = descriptor.map(File::from).ok_or(ProtocolError::NoDescriptor)?;
        Ok(Backup { ready, file })
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, Error> {
        self.links.ask(request, self.deadline()).await
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }
}
