//! A service on a real file in memory or in a temporary directory, with a clock that stands still.

use apikeyd::operations::{Condition, OpenError, Permit, Service, ServiceError, Settings};
use apikeyd::parts::{Clock, Parts};
use apikeyd::peer::Peer;
pub(crate) use apikeyd_kit_service::{ADMIN, START, peer, told};
use apikeyd_kit_service::{Question, Session, permit};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::{AuditReport, Deleted, KeyRecord, Save, Saved};
use apikeyd_protocol::right::{RightSet, RightType};
use apikeyd_protocol::term::{AuditHead, AuditRow, SaveMode};
use apikeyd_protocol::time::Timestamp;
use core::time::Duration;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A directory in memory if there is one: a sync costs nothing there.
pub(crate) fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("apikeyd-test-").tempdir_in(place).unwrap()
}

/// Those of the system, but for the clock.
pub(crate) fn parts(clock: &Clock) -> Parts {
    Parts::system().with_clock(clock.clone())
}

pub(crate) struct House {
    pub(crate) dir: TempDir,
    pub(crate) clock: Clock,
    settings: Settings,
    session: Option<Session>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Settings::in_dir)
    }

    pub(crate) fn with(settings: impl FnOnce(PathBuf) -> Settings) -> Self {
        let dir = directory();
        let settings = settings(dir.path().into());
        let mut house = Self { dir, clock: Clock::manual(START), settings, session: None };
        house.start().unwrap();
        house
    }

    /// A house around a service that was opened in its own way; it cannot be restarted.
    pub(crate) fn around(dir: TempDir, settings: Settings, clock: Clock, service: Arc<Service>) -> Self {
        Self { dir, clock, settings, session: Some(Session::of(service)) }
    }

    /// A stopped house with copies of a stopped house's files.
    pub(crate) fn copy_of(house: &Self) -> Self {
        let dir = directory();
        for entry in std::fs::read_dir(house.dir.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
        let settings = Settings::in_dir(dir.path());
        Self { dir, clock: house.clock.clone(), settings, session: None }
    }

    /// Who asks the service that runs.
    pub(crate) fn session(&self) -> &Session {
        self.session.as_ref().unwrap()
    }

    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.session().service
    }

    pub(crate) fn peer(&self) -> &Peer {
        &self.session().peer
    }

    pub(crate) fn permit<R: RightType>(&self) -> Permit<R> {
        self.session().permit()
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.session().run(future)
    }

    pub(crate) fn start(&mut self) -> Result<(), OpenError> {
        let table = PolicyTable::shipped();
        let service = Service::open(self.settings.clone(), table, parts(&self.clock))?;
        self.session = Some(Session::of(service));
        Ok(())
    }

    pub(crate) fn stop(&mut self) {
        self.session.take().unwrap().close().unwrap();
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

    pub(crate) fn generate(&self, user: &str) -> ApiKey {
        self.generate_until(user, None)
    }

    pub(crate) fn generate_until(&self, user: &str, expires_at: Option<Timestamp>) -> ApiKey {
        self.session().generate(user, None, expires_at)
    }

    /// A saved key.
    pub(crate) fn issue(&self, user: &str) -> ApiKey {
        let key = self.generate(user);
        self.save(&key, SaveMode::Add).unwrap();
        key
    }

    pub(crate) fn save(&self, key: &ApiKey, mode: SaveMode) -> Result<Saved, ServiceError> {
        self.session().save(key.id(), mode)
    }

    /// All saves from tasks of their own, so that they queue up.
    pub(crate) fn save_all(
        &self,
        saves: impl Iterator<Item = (KeyId, SaveMode)>,
    ) -> Vec<Result<Saved, ServiceError>> {
        self.run(async {
            let tasks: Vec<_> = saves
                .map(|(key_id, mode)| {
                    let (service, peer) = (Arc::clone(self.service()), self.peer().clone());
                    tokio::spawn(async move {
                        service.save(&permit(&service, &peer), Save::new(key_id, mode)).await
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
        self.session().delete(key_id)
    }

    pub(crate) fn record(&self, key_id: KeyId) -> KeyRecord {
        self.session().record(key_id).unwrap()
    }

    /// The ids of all records.
    pub(crate) fn listed(&self) -> Vec<KeyId> {
        self.session().records(128, true).unwrap().into_iter().map(|record| record.key_id).collect()
    }

    pub(crate) fn maintain(&self) {
        self.run(self.service().maintain());
    }

    pub(crate) fn condition(&self) -> Condition {
        self.service().condition(&self.permit())
    }

    pub(crate) fn revision(&self) -> u64 {
        self.service().audit_head().revision
    }

    pub(crate) fn audit_rows(&self) -> Vec<AuditRow> {
        self.session().audit_rows().unwrap()
    }

    pub(crate) fn audit_names(&self) -> Vec<&'static str> {
        self.audit_rows().iter().map(|row| row.event.name()).collect()
    }

    pub(crate) fn report(&self) -> AuditReport {
        self.report_from(None)
    }

    pub(crate) fn report_from(&self, known_head: Option<AuditHead>) -> AuditReport {
        self.session().verify(known_head).unwrap()
    }

    /// A key with the same id and another secret.
    pub(crate) fn forged(&self, key: &ApiKey) -> Question {
        Question { digest: [7; 32], ..key.into() }
    }

    /// `valid USER` or `refused REASON`.
    pub(crate) fn verdict(&self, key: impl Into<Question>) -> String {
        self.session().verdict(key)
    }

    /// As [`verdict`](House::verdict), or the status of a validation that could not be answered.
    pub(crate) fn verdict_or_error(&self, key: &ApiKey) -> String {
        self.session().try_verdict(ADMIN, key).unwrap_or_else(|error| error.to_string())
    }

    pub(crate) fn verdict_of(&self, rights: RightSet, key: impl Into<Question>) -> String {
        self.session().try_verdict(rights, key).unwrap()
    }
}
