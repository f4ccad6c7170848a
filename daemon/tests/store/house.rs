//! A service on a real file in memory or in a temporary directory, with a clock that stands still.

use apikeyd::operations::{Condition, OpenError, Service, ServiceError, Settings, Standing, authorise};
use apikeyd::parts::{Clock, Parts};
use apikeyd::peer::Peer;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::{ApiKey, KeyDigest, KeyId};
use apikeyd_protocol::message::{
    AuditList, AuditReport, AuditVerify, Delete, Deleted, Generate, KeyRecord, List, Refusal, RetrieveKey,
    Save, Saved, Validate, Verdict,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::{AuditHead, AuditRow, SaveMode};
use apikeyd_protocol::time::Timestamp;
use core::time::Duration;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) const ADMIN: RightSet = RightSet::EMPTY.with(Right::Admin);
/// 2025-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_unix_millis(1_735_689_600_000);

/// A directory in memory if there is one: a sync costs nothing there.
pub(crate) fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("apikeyd-test-").tempdir_in(place).unwrap()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

pub(crate) fn peer(uid: u32) -> Peer {
    Peer { uid, gid: uid, pid: 4711, groups: Box::default() }
}

/// Those of the system, but for the clock.
pub(crate) fn parts(clock: &Clock) -> Parts {
    Parts::system().with_clock(clock.clone())
}

pub(crate) struct House {
    pub(crate) dir: TempDir,
    pub(crate) clock: Clock,
    pub(crate) peer: Peer,
    pub(crate) runtime: Runtime,
    settings: Settings,
    service: Option<Arc<Service>>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Settings::in_dir)
    }

    pub(crate) fn with(settings: impl FnOnce(PathBuf) -> Settings) -> Self {
        let dir = directory();
        let settings = settings(dir.path().into());
        let mut house = Self {
            dir,
            clock: Clock::manual(START),
            peer: peer(1000),
            runtime: runtime(),
            settings,
            service: None,
        };
        house.start().unwrap();
        house
    }

    /// A house around a service that was opened in its own way; it cannot be restarted.
    pub(crate) fn around(dir: TempDir, settings: Settings, clock: Clock, service: Arc<Service>) -> Self {
        Self { dir, clock, peer: peer(1000), runtime: runtime(), settings, service: Some(service) }
    }

    /// A stopped house with copies of a stopped house's files.
    pub(crate) fn copy_of(house: &Self) -> Self {
        let dir = directory();
        for entry in std::fs::read_dir(house.dir.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
        let settings = Settings::in_dir(dir.path());
        Self {
            dir,
            clock: house.clock.clone(),
            peer: peer(1000),
            runtime: runtime(),
            settings,
            service: None,
        }
    }

    pub(crate) fn service(&self) -> &Arc<Service> {
        self.service.as_ref().unwrap()
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn start(&mut self) -> Result<(), OpenError> {
        self.service =
            Some(Service::open(self.settings.clone(), PolicyTable::shipped(), parts(&self.clock))?);
        Ok(())
    }

    pub(crate) fn stop(&mut self) {
        let service = self.service.take().unwrap();
        self.run(service.close()).unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start().unwrap();
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("apikeyd.redb")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.set(self.now().saturating_add(by));
    }

    /// As of now.
    fn standing(&self, rights: RightSet) -> Standing {
        self.service().standing(|| rights)
    }

    pub(crate) fn generate(&self, user: &str) -> ApiKey {
        self.generate_until(user, None)
    }

    pub(crate) fn generate_until(&self, user: &str, expires_at: Option<Timestamp>) -> ApiKey {
        let request = Generate::new(UserId::parse(user).unwrap()).expires_at(expires_at);
        let permit = authorise(self.standing(ADMIN), &self.peer).unwrap();
        self.service().generate(&permit, request).unwrap().key
    }

    pub(crate) fn save(&self, key: &ApiKey, mode: SaveMode) -> Result<Saved, ServiceError> {
        let permit = authorise(self.standing(ADMIN), &self.peer).unwrap();
        self.run(self.service().save(&permit, Save::new(key.id(), mode)))
    }

    /// All saves from tasks of their own, so that they queue up.
    pub(crate) fn save_all(
        &self,
        saves: impl Iterator<Item = (KeyId, SaveMode)>,
    ) -> Vec<Result<Saved, ServiceError>> {
        self.run(async {
            let tasks: Vec<_> = saves
                .map(|(key_id, mode)| {
                    let (service, peer) = (Arc::clone(self.service()), self.peer.clone());
                    tokio::spawn(async move {
                        let permit = authorise(service.standing(|| ADMIN), &peer).unwrap();
                        service.save(&permit, Save::new(key_id, mode)).await
                    })
                })
                .collect();
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(task.await.unwrap());
            }
            answers
        })
    }

    /// The file of the revocation page.
    pub(crate) fn page(&self) -> PathBuf {
        let names = std::fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut pages = names.filter(|path| path.extension().is_some_and(|extension| extension == "page"));
        let page = pages.next().unwrap();
        assert!(pages.next().is_none(), "a store has one page");
        page
    }

    pub(crate) fn delete(&self, key_id: KeyId) -> Result<Deleted, ServiceError> {
        let permit = authorise(self.standing(ADMIN), &self.peer).unwrap();
        self.run(self.service().delete(&permit, Delete::new(key_id)))
    }

    pub(crate) fn record(&self, key_id: KeyId) -> KeyRecord {
        let permit = authorise(self.standing(ADMIN), &self.peer).unwrap();
        self.service().retrieve_key(&permit, RetrieveKey::new(key_id)).unwrap()
    }

    /// The first ids of all records.
    pub(crate) fn listed(&self) -> Vec<KeyId> {
        let permit = authorise(self.standing(ADMIN), &self.peer).unwrap();
        let request = List::new().include_revoked(true);
        self.service()
            .list(&permit, request, &|| false)
            .unwrap()
            .keys
            .into_iter()
            .map(|record| record.key_id)
            .collect()
    }

    pub(crate) fn maintain(&self) {
        self.run(self.service().maintain());
    }

    pub(crate) fn condition(&self) -> Condition {
        self.service().condition(&authorise(self.standing(ADMIN), &self.peer).unwrap())
    }

    pub(crate) fn revision(&self) -> u64 {
        self.service().audit_head().revision
    }

    pub(crate) fn audit_rows(&self) -> Vec<AuditRow> {
        let permit = authorise(self.standing(ADMIN), &self.peer).unwrap();
        let (mut rows, mut after) = (Vec::new(), Some(0));
        while let Some(from) = after {
            let page = self.service().audit_list(&permit, AuditList::new().after(from), &|| false).unwrap();
            rows.extend(page.rows);
            after = page.next;
        }
        rows
    }

    pub(crate) fn audit_names(&self) -> Vec<&'static str> {
        self.audit_rows().iter().map(|row| row.event.name()).collect()
    }

    pub(crate) fn report(&self) -> AuditReport {
        self.report_from(None)
    }

    pub(crate) fn report_from(&self, known_head: Option<AuditHead>) -> AuditReport {
        let permit = authorise(self.standing(ADMIN), &self.peer).unwrap();
        self.service().audit_verify(&permit, AuditVerify::new().known_head(known_head), &|| false).unwrap()
    }

    /// A key with the same id and another secret, as its id and digest.
    pub(crate) fn forged(&self, key: &ApiKey) -> (KeyId, KeyDigest) {
        (key.id(), KeyDigest::from_bytes([7; 32]))
    }

    pub(crate) fn verdict(&self, key: impl Asked) -> String {
        self.verdict_of(ADMIN, key)
    }

    /// As [`verdict`](House::verdict), or the status of a validation that could not be answered.
    pub(crate) fn verdict_or_error(&self, key: &ApiKey) -> String {
        let permit = authorise(self.standing(ADMIN), &self.peer).unwrap();
        let request = Validate::new(key.id(), key.digest());
        self.service()
            .validate(&permit, &request)
            .map(|judged| told(&judged.verdict()))
            .unwrap_or_else(|error| error.kind.to_string())
    }

    /// `valid USER` or `refused REASON`.
    pub(crate) fn verdict_of(&self, rights: RightSet, key: impl Asked) -> String {
        let (key_id, digest) = key.question();
        let permit = authorise(self.standing(rights), &self.peer).unwrap();
        let request = Validate::new(key_id, digest);
        self.service().validate(&permit, &request).map(|judged| told(&judged.verdict())).unwrap()
    }
}

pub(crate) fn told(verdict: &Verdict<'_>) -> String {
    match verdict {
        Verdict::Valid(valid) => format!("valid {}", valid.user),
        Verdict::Refused(Refusal::OperationDenied(row)) => format!("denied {row}"),
        Verdict::Refused(refusal) => format!("refused {refusal:?}"),
    }
}

/// What can be validated.
pub(crate) trait Asked {
    fn question(self) -> (KeyId, KeyDigest);
}

impl Asked for &ApiKey {
    fn question(self) -> (KeyId, KeyDigest) {
        (self.id(), self.digest())
    }
}

impl Asked for &(KeyId, KeyDigest) {
    fn question(self) -> (KeyId, KeyDigest) {
        (self.0, KeyDigest::from_bytes(*self.1.expose_bytes()))
    }
}
