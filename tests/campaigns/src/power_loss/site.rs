//! A daemon's service on a disk, the model beside it, and all keys that were ever shown.

use super::disk::SimulatedDisk;
use crate::repeatable;
use apikeyd::operations::ErrorKind;
use apikeyd::operations::{OpenError, Service, ServiceError, Settings};
use apikeyd::parts::{Clock, Parts};
use apikeyd_keystore::domain::Sources;
use apikeyd_kit::life::{Action, Answer, Draft, Model, World};
use apikeyd_kit_service::{START, carry_out, peer, permit, told};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::{Generate, Validate};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::{Actor, AuditHead};
use apikeyd_protocol::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

const PEPPER: [u8; 32] = [42; 32];
/// How long the record of an ended key is kept.
pub(crate) const RETENTION: Duration = Duration::from_secs(60 * 60);
pub(crate) const DRAFT_TTL: Duration = Duration::from_secs(10 * 60);
/// The policy tables that come and go.
const POLICIES: [&str; 3] = [
    "default = \"allow\"\n",
    "default = \"deny\"\n",
    "default = \"allow\"\n[[operation]]\nmethod = \"DELETE\"\npath = \"/things/{id}\"\n",
];

/// What a change was answered.
pub(crate) type Outcome = Result<Answer, ErrorKind>;

/// See the module.
pub(crate) struct Site {
    pub(crate) disk: SimulatedDisk,
    pub(crate) parts: Parts,
    runtime: Runtime,
    service: Option<Arc<Service>>,
    pub(crate) model: Model,
    /// What the store may hold when the model does not know, because the answer to a change was lost.
    pub(crate) candidates: Vec<World>,
    /// The table given to the next start.
    pub(crate) policy: usize,
    /// The table by which the running service judges.
    in_force: usize,
    pub(crate) keys: Vec<Shown>,
    pub(crate) used: BTreeMap<KeyId, Used>,
    /// The end of the audit after the last acknowledged change.
    pub(crate) head: Option<AuditHead>,
    pub(crate) acknowledged: u64,
    /// Of the next start; a small one has the database read and write more often.
    pub(crate) cache_bytes: usize,
}

/// A key that somebody holds.
pub(crate) struct Shown {
    pub(crate) key: ApiKey,
    pub(crate) user: UserId,
    pub(crate) uid: u32,
}

/// What is known of a key's use.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// When it was accepted.
    pub(crate) at: BTreeSet<Timestamp>,
    /// The last use that certainly is written.
    pub(crate) written: Option<Timestamp>,
}

impl Site {
    /// A new store on a disk; nothing runs yet.
    pub(crate) fn new(disk: SimulatedDisk, seed: u64) -> Self {
        let parts = repeatable::parts(seed).with_clock(Clock::manual(START));
        Service::create_on(disk.backend(), &PEPPER, &parts).expect("a store on a good disk");
        let world = World::new(START, policy_hash(apikeyd_policy::SHIPPED));
        Self {
            disk,
            parts,
            runtime: tokio::runtime::Builder::new_current_thread().build().expect("a runtime"),
            service: None,
            candidates: vec![world.clone()],
            model: Model::new(world),
            policy: 0,
            in_force: 0,
            keys: Vec::new(),
            used: BTreeMap::new(),
            head: None,
            acknowledged: 0,
            cache_bytes: 1024 * 1024,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock().now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.parts.clock().set(self.now().saturating_add(by));
    }

    pub(crate) fn service(&self) -> &Arc<Service> {
        self.service.as_ref().expect("a service that runs")
    }

    pub(crate) fn is_running(&self) -> bool {
        self.service.is_some()
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Starts the service. Whatever comes of it, the row of another policy table may have been written.
    pub(crate) fn start(&mut self) -> Result<(), OpenError> {
        let now = self.now();
        let (table, hash) = (policy(self.policy), policy_hash(POLICIES[self.policy]));
        let rows = u32::try_from(table.rows().len()).expect("a small table");
        let load = |world: &World| {
            let mut world = world.clone();
            world.load_policy(now, Actor::Daemon, rows, hash);
            world
        };
        let loaded: Vec<_> = self.candidates.iter().map(load).collect();
        self.model.drafts.clear();
        let settings = Settings {
            pages: Vec::new(),
            retention: Some(RETENTION),
            draft_ttl: DRAFT_TTL,
            cache_bytes: self.cache_bytes,
            hot_keys: 256,
            ..Settings::in_dir("")
        };
        let disk = Arc::new(self.disk.clone());
        let opened = Service::open_on(disk, &PEPPER, settings, table, self.parts.clone());
        match opened {
            Ok(service) => {
                self.candidates = loaded;
                self.in_force = self.policy;
                self.service = Some(service);
                Ok(())
            }
            Err(error) => {
                self.candidates.extend(loaded);
                self.candidates.dedup();
                Err(error)
            }
        }
    }

    /// Drops the service without a close, as a power cut does.
    pub(crate) fn drop_service(&mut self) {
        self.service = None;
    }

    /// Closes the service.
    pub(crate) fn close(&mut self) -> Result<(), ServiceError> {
        let service = self.service.take().expect("a service that runs");
        let closed = self.run(service.close());
        drop(service);
        closed
    }

    /// The model knows again what is stored.
    pub(crate) fn settle(&mut self, world: World) {
        self.candidates = vec![world.clone()];
        self.model.world = world;
    }

    /// The model and the candidates after a transaction: acknowledged, or perhaps made.
    pub(crate) fn conclude(&mut self, after: Model, is_acknowledged: bool) {
        if is_acknowledged {
            self.candidates = vec![after.world.clone()];
            self.model = after;
            self.head = Some(self.service().audit_head());
        } else {
            self.candidates.push(after.world);
            self.candidates.dedup();
        }
    }

    pub(crate) fn generate(
        &mut self,
        user: &UserId,
        uid: u32,
        label: Option<Label>,
        expires_at: Option<Timestamp>,
    ) {
        let peer = peer(uid);
        let request = Generate::new(user.clone()).label(label.clone()).expires_at(expires_at);
        let Ok(generated) = self.service().generate(&permit(self.service(), &peer), request) else { return };
        let until = self.now().saturating_add(DRAFT_TTL);
        let draft = Draft { user: user.clone(), label, uid, expires_at, until };
        self.model.generated(generated.key_id, draft);
        self.keys.push(Shown { key: generated.key, user: user.clone(), uid });
    }

    /// Asks for changes all at once: one transaction.
    pub(crate) fn ask(&self, deeds: &[(u32, Action)]) -> Vec<Outcome> {
        let tasks: Vec<_> = {
            let spawn = |(uid, action): &(u32, Action)| {
                let (service, uid, action) = (Arc::clone(self.service()), *uid, action.clone());
                self.runtime
                    .spawn(async move { carry_out(&service, uid, action).await.map_err(|error| error.kind) })
            };
            deeds.iter().map(spawn).collect()
        };
        tasks.into_iter().map(|task| self.run(task).expect("a task that comes to its end")).collect()
    }

    /// Loads a policy table; gives back what was answered and what should be.
    pub(crate) fn load_policy(&mut self, index: usize) -> (Result<bool, ErrorKind>, bool) {
        let table = policy(index);
        let rows = u32::try_from(table.rows().len()).expect("a small table");
        let mut after = self.model.clone();
        let written = after.world.load_policy(self.now(), Actor::Daemon, rows, policy_hash(POLICIES[index]));
        let answer = self.run(self.service().load_policy(Actor::Daemon, table, &Sources::default()));
        let answer = answer.map(|loaded| loaded.policy_changed).map_err(|error| error.kind);
        let expected = written || self.in_force != index;
        self.conclude(after, answer.is_ok());
        if answer.is_ok() {
            (self.policy, self.in_force) = (index, index);
            self.acknowledged += u64::from(written);
        }
        (answer, expected)
    }

    /// What a validation of a key says.
    pub(crate) fn verdict(&self, shown: &Shown) -> Result<String, ErrorKind> {
        let request = Validate::new(shown.key.id(), shown.key.digest());
        let judged = self.service().validate(&permit(self.service(), &peer(0)), &request);
        judged.map(|judged| told(&judged.verdict())).map_err(|error| error.kind)
    }
}

fn policy(index: usize) -> PolicyTable {
    PolicyTable::parse(POLICIES[index]).expect("a good table")
}

fn policy_hash(text: &str) -> [u8; 32] {
    *blake3::hash(text.as_bytes()).as_bytes()
}
