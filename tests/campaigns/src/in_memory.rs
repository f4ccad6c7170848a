//! A service on a database file in memory, asked by one administrator.

mod image;

pub use image::Image;

use apikeyd::operations::{OpenError, Permit, Service, ServiceError, Settings, authorise};
use apikeyd::parts::{Clock, Parts};
use apikeyd::peer::Peer;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::message::{
    AuditReport, AuditVerify, CredentialsChanged, Delete, DeleteUser, Generate, Refusal, Save, Validate,
    Verdict,
};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::right::RightType;
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::{AuditHead, CredentialsCause, SaveMode};
use apikeyd_protocol::time::Timestamp;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The pepper of all stores in memory.
pub const PEPPER: [u8; 32] = [0x5a; 32];

/// 2025-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_unix_millis(1_735_689_600_000);

/// The administrator's rights.
const ADMIN: RightSet = RightSet::EMPTY.with(Right::Admin);

/// A key as a service asks about it.
#[derive(Clone, Debug)]
pub struct Question {
    /// The key.
    pub key_id: KeyId,
    /// The bytes of its digest.
    pub digest: [u8; 32],
}

/// A running service.
#[derive(Debug)]
pub struct Session {
    /// The service.
    pub service: Arc<Service>,
    /// Its clock, which stands still unless it is set.
    pub clock: Clock,
    /// Who asks.
    pub peer: Peer,
    runtime: Runtime,
}

impl Session {
    /// Makes a store in an empty image and opens it, with these parts but for the clock.
    #[must_use]
    pub fn create(image: Image, parts: Parts) -> Self {
        let parts = parts.with_clock(Clock::manual(START));
        Service::create_on(Box::new(image.clone()), &PEPPER, &parts).unwrap();
        Self::open(image, parts).unwrap()
    }

    /// Opens the store on an image.
    ///
    /// # Errors
    /// As the daemon's own opening.
    pub fn open(image: Image, parts: Parts) -> Result<Self, OpenError> {
        let settings = Settings { cache_bytes: 1 << 20, ..Settings::in_dir(Path::new("nowhere")) };
        let table = PolicyTable::shipped();
        let clock = parts.clock().clone();
        let service = Service::open_on(Arc::new(image), &PEPPER, settings, table, parts)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let peer = Peer { uid: 1000, gid: 1000, pid: 4711, groups: Box::default() };
        Ok(Self { service, clock, peer, runtime })
    }

    /// Waits for an answer.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The administrator's leave.
    ///
    /// # Panics
    /// Never: an administrator may do everything.
    #[must_use]
    pub fn permit<R: RightType>(&self) -> Permit<R> {
        authorise(self.service.standing(|| ADMIN), &self.peer).unwrap()
    }

    /// Has the audit checked.
    ///
    /// # Errors
    /// As the service's own check.
    pub fn verify(&self, known_head: Option<AuditHead>) -> Result<AuditReport, ServiceError> {
        self.service.audit_verify(&self.permit(), AuditVerify::new().known_head(known_head), &|| false)
    }

    /// What is answered about a key: `valid USER`, `refused REASON`, or `error STATUS`.
    #[must_use]
    pub fn verdict(&self, question: &Question) -> String {
        let digest = KeyDigest::from_bytes(question.digest);
        let request = Validate::new(question.key_id, digest);
        let told = |verdict: &Verdict<'_>| match verdict {
            Verdict::Valid(valid) => format!("valid {}", valid.user),
            Verdict::Refused(Refusal::OperationDenied(row)) => format!("denied {row}"),
            Verdict::Refused(refusal) => format!("refused {refusal:?}"),
        };
        let answered = self.service.validate(&self.permit(), &request).map(|judged| told(&judged.verdict()));
        answered.unwrap_or_else(|error| format!("error {}", error.kind))
    }

    /// Makes a draft.
    #[must_use]
    pub fn generate(&self, user: &str, expires_at: Option<Timestamp>) -> Question {
        let user = UserId::parse(user).unwrap();
        let label = Some(Label::parse("a key").unwrap());
        let key = self
            .service
            .generate(&self.permit(), Generate::new(user).label(label).expires_at(expires_at))
            .unwrap()
            .key;
        Question { key_id: key.id(), digest: *key.digest().expose_bytes() }
    }

    /// Saves a draft.
    pub fn save(&self, key_id: KeyId, mode: SaveMode) {
        self.run(self.service.save(&self.permit(), Save::new(key_id, mode))).unwrap();
    }

    /// Ends a key.
    pub fn delete(&self, key_id: KeyId) {
        self.run(self.service.delete(&self.permit(), Delete::new(key_id))).unwrap();
    }

    /// Tells of a new password.
    pub fn reset_credentials(&self, user: &str) {
        let (user, cause) = (UserId::parse(user).unwrap(), CredentialsCause::Reset);
        self.run(self.service.credentials_changed(&self.permit(), CredentialsChanged::new(user, cause)))
            .unwrap();
    }

    /// Tells that an account is gone.
    pub fn delete_user(&self, user: &str) {
        let user = UserId::parse(user).unwrap();
        self.run(self.service.delete_user(&self.permit(), DeleteUser::new(user))).unwrap();
    }

    /// Ends the service. What a spoiled store says at its end is no answer to anybody.
    pub fn close(self) {
        let _ = self.run(self.service.close());
    }
}
