//! What the daemon does, request by request, whoever asks and over whatever transport.

mod clock;
mod error;
mod permit;
mod settings;

pub use crate::store::{ExitClass, OpenError};
pub use clock::Clock;
pub use error::ServiceError;
pub use permit::{Permit, authorise, right};
pub use settings::{PepperSource, Settings};

use apikeyd_policy::PolicyTable;
use apikeyd_protocol::message::{
    Actor, AuditHead, AuditList, AuditPage, AuditReport, AuditVerify, BackupReady, CredentialsChanged,
    Delete, DeleteUser, Deleted, Generate, Generated, KeyPage, KeyRecord, List, Operation, PolicyAnswer,
    PolicyPage, PolicyRows, Reloaded, RetrieveKey, RetrieveUser, Save, Saved, StoreState, UserEnded,
    Validate, Verdict,
};
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// The daemon's operations over one store, one policy table and one clock.
#[derive(Debug)]
pub struct Service {}

/// What the service knows for the status answer; the server adds process, connections and the caller's rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether changes can be made.
    pub store: StoreState,
    /// Random name of the store, made with it.
    pub store_id: [u8; 16],
    /// Counts the starts on this store.
    pub instance: u64,
    /// The number of the last change.
    pub revision: u64,
    /// Active keys, those included whose date has passed within the last maintenance step.
    pub active_keys: u64,
    /// Records of ended keys.
    pub ended_keys: u64,
    /// Drafts that wait to be saved.
    pub drafts: u64,
    /// Rows of the policy table in force.
    pub policy_rows: u32,
}

#[allow(clippy::todo, unused_variables, clippy::unused_async)]
impl Service {
    /// Opens the store, or makes it at a first start. `policy` is in force at once; when it is not the table
    /// that was last in force, the audit gets a row.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do.
    pub fn open(settings: Settings, policy: PolicyTable, clock: Clock) -> Result<Arc<Self>, OpenError> {
        todo!()
    }

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
        todo!()
    }

    /// The service's part of the status.
    pub fn condition(&self, permit: &Permit<'_, right::Validate>) -> Result<Condition, ServiceError> {
        todo!()
    }
    /// Counts the starts on this store; for the welcome.
    pub fn instance(&self) -> u64 {
        todo!()
    }
    /// Counters since the start, by name; the server adds its own.
    pub fn counters(&self, permit: &Permit<'_, right::Inspect>) -> Vec<(String, u64)> {
        todo!()
    }
    /// Some rows of the policy table.
    pub fn policy_page(&self, permit: &Permit<'_, right::Validate>, request: PolicyRows) -> PolicyPage {
        todo!()
    }
    /// The policy table's verdict on one operation, without a key, lent to `answer`.
    pub fn policy_test<T>(
        &self,
        permit: &Permit<'_, right::Validate>,
        operation: &Operation<'_>,
        answer: impl FnOnce(&PolicyAnswer<'_>) -> T,
    ) -> T {
        todo!()
    }

    /// Makes a draft and shows its key, once.
    pub fn generate(
        &self,
        permit: &Permit<'_, right::Issue>,
        request: Generate,
    ) -> Result<Generated, ServiceError> {
        todo!()
    }
    /// Makes a draft the user's active key.
    pub async fn save(
        &self,
        permit: &Permit<'_, right::Issue>,
        request: Save,
    ) -> Result<Saved, ServiceError> {
        todo!()
    }
    /// The record of a user's active key.
    pub fn retrieve_user(
        &self,
        permit: &Permit<'_, right::Issue>,
        request: &RetrieveUser,
    ) -> Result<KeyRecord, ServiceError> {
        todo!()
    }
    /// The record of a key.
    pub fn retrieve_key(
        &self,
        permit: &Permit<'_, right::Issue>,
        request: RetrieveKey,
    ) -> Result<KeyRecord, ServiceError> {
        todo!()
    }
    /// Ends a key, or discards a draft of the caller.
    pub async fn delete(
        &self,
        permit: &Permit<'_, right::Issue>,
        request: Delete,
    ) -> Result<Deleted, ServiceError> {
        todo!()
    }
    /// Ends a user's active key after a change of password.
    pub async fn credentials_changed(
        &self,
        permit: &Permit<'_, right::Issue>,
        request: CredentialsChanged,
    ) -> Result<UserEnded, ServiceError> {
        todo!()
    }
    /// Ends a deleted user's active key.
    pub async fn delete_user(
        &self,
        permit: &Permit<'_, right::Issue>,
        request: DeleteUser,
    ) -> Result<UserEnded, ServiceError> {
        todo!()
    }

    /// Some records, in the order of their ids.
    pub fn list(&self, permit: &Permit<'_, right::Inspect>, request: List) -> Result<KeyPage, ServiceError> {
        todo!()
    }
    /// Some audit rows, in the order of their revisions.
    pub fn audit_list(
        &self,
        permit: &Permit<'_, right::Inspect>,
        request: AuditList,
    ) -> Result<AuditPage, ServiceError> {
        todo!()
    }
    /// Checks the whole audit chain, on a blocking thread of the runtime.
    pub async fn audit_verify(
        &self,
        permit: &Permit<'_, right::Inspect>,
        request: AuditVerify,
    ) -> Result<AuditReport, ServiceError> {
        todo!()
    }

    /// A consistent copy of the database in a file without a name, opened for reading at offset 0.
    pub async fn backup(
        &self,
        permit: &Permit<'_, right::Admin>,
    ) -> Result<(BackupReady, OwnedFd), ServiceError> {
        todo!()
    }
    /// Puts another policy table in force. `actor` is a caller's [`Permit::actor`] (of an admin) or
    /// [`Actor::Daemon`] for a reload by signal.
    pub async fn load_policy(&self, actor: Actor, table: PolicyTable) -> Result<Reloaded, ServiceError> {
        todo!()
    }

    /// One step of housekeeping, to be called every few seconds: ends expired keys, drops expired drafts, removes
    /// old records, writes last-used times, logs the audit head from time to time, and tries to open a failed
    /// store again.
    pub async fn maintain(&self) {
        todo!()
    }
    /// The end of the audit chain, for the journal.
    pub fn audit_head(&self) -> AuditHead {
        todo!()
    }
    /// Writes what is only in memory and closes the database. Later requests get `ShuttingDown`.
    pub async fn close(&self) -> Result<(), ServiceError> {
        todo!()
    }
}
