//! The client for threads.

mod connection;
mod pool;
mod refill;

pub(crate) use pool::Pools;

pub(crate) use crate::builder::Builder;
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
    AuditList, AuditPage, AuditReport, AuditVerify, BackupReady, CredentialsChanged, Delete, DeleteUser,
    Deleted, FilesInForce, Generate, Generated, KeyPage, KeyRecord, List, Operation, PolicyPage, PolicyRows,
    Reloaded, RetrieveKey, RetrieveUser, Save, Saved, Statistics, Status, UserRevoked, Validate,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::right::RightSet;
use apikeyd_protocol::term::{AuditHead, CredentialsCause, SaveMode};
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// Asks the daemon, one request at a time for each calling thread.
///
/// Clones are cheap and share one small set of connections; a thread takes one for the length of its request,
/// so that no lock is held meanwhile. After a `fork` the child makes connections of its own. Verdicts are used again
/// where that is safe: see [`Builder::cache`].
#[derive(Clone, Debug)]
pub struct Client {
    pools: Arc<Pools>,
    cache: Option<Arc<Cache>>,
    timeout: Duration,
}

/// A consistent copy of the database, handed over by the daemon.
#[derive(Debug)]
pub struct Backup {
    /// Its size and the end of its audit chain.
    pub ready: BackupReady,
    /// The copy, open for reading from its start. The file has no name and goes with this handle.
    pub file: File,
}

impl Client {
    /// A client of the daemon at [`default_socket`](crate::default_socket), connected.
    ///
    /// # Errors
    /// Everything that can go wrong in connecting; [`Error::Unreachable`] when no daemon listens.
    pub fn connect() -> Result<Self, Error> {
        Self::builder().connect()
    }

    /// For other settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        endpoint: Endpoint,
        timeout: Duration,
        connections: usize,
        cache: Option<Arc<Cache>>,
    ) -> Self {
        Self { pools: Arc::new(Pools::new(endpoint, connections)), cache, timeout }
    }

    /// This client with another time for a whole request; the connections and the cache are shared.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// What this process may do, as the daemon said when the connection was made. Connects if need be.
    ///
    /// # Errors
    /// Everything that can go wrong in connecting.
    pub fn rights(&self) -> Result<RightSet, Error> {
        self.pools.rights(self.deadline())
    }

    /// Is this key good?
    ///
    /// # Errors
    /// When there is no verdict. A refused key is a verdict, not an error.
    pub fn validate(&self, key: &ApiKey) -> Result<Verdict, Error> {
        self.judge(key, None)
    }

    /// Is this key good, and may this operation be done with it? `method` and `target` are those of the
    /// request that will be served, raw, as on its request line.
    ///
    /// # Errors
    /// When there is no verdict.
    pub fn validate_operation(
        &self,
        key: &ApiKey,
        method: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
    ) -> Result<Verdict, Error> {
        self.judge(key, Some(Operation::new(method.as_ref(), target.as_ref())))
    }

    /// [`validate`](Self::validate) for a text that may not even be a key; such a text is refused here, and
    /// the daemon is not asked.
    ///
    /// # Errors
    /// When there is no verdict.
    pub fn validate_text(&self, key: impl AsRef<[u8]>) -> Result<Verdict, Error> {
        match ApiKey::parse(key.as_ref()) {
            Ok(key) => self.validate(&key),
            Err(fault) => Ok(Verdict::Refused(Refusal::Malformed(fault))),
        }
    }

    /// [`validate_operation`](Self::validate_operation) for a text that may not even be a key; such a text is
    /// refused here, and the daemon is not asked.
    ///
    /// # Errors
    /// When there is no verdict.
    pub fn validate_text_operation(
        &self,
        key: impl AsRef<[u8]>,
        method: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
    ) -> Result<Verdict, Error> {
        match ApiKey::parse(key.as_ref()) {
            Ok(key) => self.validate_operation(&key, method, target),
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
    fn judge(&self, key: &ApiKey, operation: Option<Operation<'_>>) -> Result<Verdict, Error> {
        match self.cache.as_ref().and_then(|cache| cache.look_up(key, operation.as_ref())) {
            Some(key) => Ok(Verdict::Valid(key)),
            None => self.ask_for_verdict(key, operation),
        }
    }

    #[inline(never)]
    fn ask_for_verdict(&self, key: &ApiKey, operation: Option<Operation<'_>>) -> Result<Verdict, Error> {
        let deadline = self.deadline();
        let has_operation = operation.is_some();
        let judged = self.pools.ask(&Validate::new(key.id(), key.digest()).operation(operation), deadline)?;
        if let Some(cache) = &self.cache {
            cache.missed();
            let miss = Miss { cache, key, has_operation, judged: &judged };
            refill::refill(&miss, &self.pools, deadline);
        }
        Ok(judged.verdict)
    }

    /// Makes a draft key, which is shown in this answer and nowhere else. Never sent twice: after an error the
    /// draft may exist, and a new `generate` takes its place.
    ///
    /// # Errors
    /// `InvalidArgument` for an expiry in the past, `Busy` when too many drafts wait.
    pub fn generate(&self, request: &Generate) -> Result<Generated, Error> {
        self.ask(request)
    }

    /// Makes a draft the user's active key. May be repeated: the answer is the same.
    ///
    /// # Errors
    /// `NotFound` for a draft that is gone, or for `Replace` without an active key; `Conflict` for `Add` with
    /// one; `NotPermitted` for another user's draft.
    pub fn save(&self, key_id: KeyId, mode: SaveMode) -> Result<Saved, Error> {
        self.ask(&Save::new(key_id, mode))
    }

    /// The user's active key.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn retrieve_user(&self, user: &UserId) -> Result<KeyRecord, Error> {
        self.ask(&RetrieveUser::new(user.clone()))
    }

    /// A saved key by its id, active or ended.
    ///
    /// # Errors
    /// `NotFound` when no key of that id was saved.
    pub fn retrieve_key(&self, key_id: KeyId) -> Result<KeyRecord, Error> {
        self.ask(&RetrieveKey::new(key_id))
    }

    /// Ends a key, or discards a draft of this user. When this returns, no validation that starts afterwards
    /// on this host accepts the key. Deleting an ended key succeeds and says so.
    ///
    /// # Errors
    /// `NotFound` for an id that is unknown.
    pub fn delete(&self, key_id: KeyId) -> Result<Deleted, Error> {
        self.ask(&Delete::new(key_id))
    }

    /// Tells that the user's password was changed or reset: ends the active key, drops the draft.
    ///
    /// # Errors
    /// Only those of every request; a user without a key is none.
    pub fn credentials_changed(&self, user: &UserId, cause: CredentialsCause) -> Result<UserRevoked, Error> {
        self.ask(&CredentialsChanged::new(user.clone(), cause))
    }

    /// Tells that the user's account is gone: ends the active key, drops the draft.
    ///
    /// # Errors
    /// Only those of every request; a user without a key is none.
    pub fn delete_user(&self, user: &UserId) -> Result<UserRevoked, Error> {
        self.ask(&DeleteUser::new(user.clone()))
    }

    /// One page of saved keys.
    ///
    /// # Errors
    /// `InvalidArgument` for a page of no or too many records.
    pub fn list(&self, request: &List) -> Result<KeyPage, Error> {
        self.ask(request)
    }

    /// One page of the audit.
    ///
    /// # Errors
    /// `InvalidArgument` for a page of no or too many rows.
    pub fn audit_list(&self, request: &AuditList) -> Result<AuditPage, Error> {
        self.ask(request)
    }

    /// Checks the whole audit chain, and that a head seen before is still in it. Takes time on a long chain:
    /// see [`with_timeout`](Self::with_timeout).
    ///
    /// # Errors
    /// Only those of every request; a fault of the chain is in the report.
    pub fn audit_verify(&self, known_head: Option<AuditHead>) -> Result<AuditReport, Error> {
        self.ask(&AuditVerify::new().known_head(known_head))
    }

    /// Counters since the daemon's start.
    ///
    /// # Errors
    /// Only those of every request.
    pub fn statistics(&self) -> Result<Statistics, Error> {
        self.ask(&AskStatistics::ASK)
    }

    /// By which files the daemon runs: its configuration and its policy file.
    ///
    /// # Errors
    /// Only those of every request; `UnknownOpcode` from a daemon that is older than this question.
    pub fn files_in_force(&self) -> Result<FilesInForce, Error> {
        self.ask(&AskFilesInForce::ASK)
    }

    /// What the daemon is and how it is.
    ///
    /// # Errors
    /// Only those of every request.
    pub fn status(&self) -> Result<Status, Error> {
        self.ask(&AskStatus::ASK)
    }

    /// One page of the policy table, after `from` rows.
    ///
    /// # Errors
    /// Only those of every request.
    pub fn policy_rows(&self, from: u32) -> Result<PolicyPage, Error> {
        self.ask(&PolicyRows::new(from))
    }

    /// The policy table's verdict on an operation, without a key.
    ///
    /// # Errors
    /// Only those of every request.
    pub fn policy_test(
        &self,
        method: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
    ) -> Result<PolicyAnswer, Error> {
        self.ask(&Operation::new(method.as_ref(), target.as_ref()))
    }

    /// Has the daemon read its policy file and its rights again.
    ///
    /// # Errors
    /// `InvalidConfiguration` when a file has faults; what was in force stays in force.
    pub fn reload(&self) -> Result<Reloaded, Error> {
        self.ask(&AskReload::ASK)
    }

    /// A consistent copy of the database. Takes time on a large one: see
    /// [`with_timeout`](Self::with_timeout). Never sent twice.
    ///
    /// # Errors
    /// `StorageUnavailable` when there is no room for the copy.
    pub fn backup(&self) -> Result<Backup, Error> {
        let (ready, descriptor) = self.pools.ask_for_descriptor(&AskBackup::ASK, self.deadline())?;
        let file = descriptor.map(File::from).ok_or(ProtocolError::NoDescriptor)?;
        Ok(Backup { ready, file })
    }

    fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, Error> {
        self.pools.ask(request, self.deadline())
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }
}
