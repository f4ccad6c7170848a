//! The service: one keystore, one policy table, and what is kept in memory of both; its settings, and how it
//! waits for the keystore's writer.

pub use apikeyd_keystore::PepperSource;

use super::permit::Standing;
use super::state::counters::Counters;
use super::state::hot::HotKeys;
use super::state::memory::{FilesRead, Memory};
use super::state::policy_table;
use super::state::uses::Answered;
use super::state::uses::LastUsed;
use crate::config::values::{CACHE_MIB, DAY, DRAFT_MINUTES, MIB, MINUTE, RETENTION_DAYS};
use crate::parts::{Clock, Parts, Randomness};
use crate::revocation::{Fresh, Generations, Home, Page, open_page};
use apikeyd_keystore::domain::{FilesInForce, Sources};
use apikeyd_keystore::{
    Batch, Disk, InitialState, Keystore, Observer, OpenError, Secrets, StorageBackend, StoreError, Ticket,
    Unobserved,
};
use apikeyd_policy::{PolicyTable, SHIPPED};
use apikeyd_protocol::key::KeyPrefix;
use apikeyd_protocol::right::RightSet;
use apikeyd_protocol::term::Actor;
use apikeyd_protocol::time::Timestamp;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// The daemon's operations on one store and one policy table.
#[derive(Debug)]
pub struct Service {
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) randomness: Randomness,
    pub(super) store: Arc<Keystore>,
    pub(super) memory: Arc<Memory>,
    pub(super) hot: HotKeys,
    pub(super) last_used: LastUsed,
    pub(super) answered: Answered,
    pub(super) started_at: Timestamp,
    pub(super) counters: Counters,
    /// When the audit head was last logged, and its revision.
    pub(super) logged_head: Mutex<(Timestamp, u64)>,
}

impl Service {
    /// Opens the store, or makes it at a first start. `policy` is in force at once; if it differs from the
    /// table last in force (initially the compiled-in one), the audit gets a row. Waits for the disk.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do; [`OpenError::FilesLost`] if the settings' sources result from the
    /// loss of a file that was last in force.
    pub fn open(settings: Settings, policy: PolicyTable, parts: Parts) -> Result<Arc<Self>, OpenError> {
        let Settings { state_dir, pepper, cache_bytes, .. } = &settings;
        let admit = policy_table::admission(&settings.sources, &policy);
        let store = Unobserved::open(state_dir, pepper, *cache_bytes, initial_state(&parts), admit)?;
        let home = store.directory().map(|directory| Home::new(*store.store_id(), directory));
        let page = open_page(&settings.pages, home.as_ref());
        Self::over(store, page, settings, policy, parts)
    }

    /// As [`open`](Service::open), on a disk that must contain a store, such as a disk that a test makes fail.
    /// The settings' directory and pepper are not used, and clients get no page.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        pepper: &[u8; 32],
        settings: Settings,
        policy: PolicyTable,
        parts: Parts,
    ) -> Result<Arc<Self>, OpenError> {
        let admit = policy_table::admission(&settings.sources, &policy);
        let store = Unobserved::open_on(disk, Secrets::derive(pepper), settings.cache_bytes, admit)?;
        Self::over(store, Page::Never, settings, policy, parts)
    }

    /// Makes a store in an empty backend, for [`open_on`](Service::open_on).
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn create_on(
        backend: Box<dyn StorageBackend>,
        pepper: &[u8; 32],
        parts: &Parts,
    ) -> Result<(), OpenError> {
        Unobserved::create_on(backend, &Secrets::derive(pepper), initial_state(parts))
    }

    /// A caller's rights, which `rights` reads from the table in force. The numbers of the revocation page are
    /// read first: see [`Standing`].
    #[must_use]
    pub fn standing(&self, rights: impl FnOnce() -> RightSet) -> Standing {
        Standing::read(|| self.memory.generations.as_of(), rights)
    }

    /// The time by the service's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn over(
        store: Unobserved,
        page: Page,
        settings: Settings,
        policy: PolicyTable,
        parts: Parts,
    ) -> Result<Arc<Self>, OpenError> {
        let Parts { clock, randomness, executor } = parts;
        let fresh = Fresh::draw(&randomness).map_err(OpenError::Randomness)?;
        let answered = Answered::new(&randomness).map_err(OpenError::Randomness)?;
        let files = FilesInForce::of(&settings.sources, policy_table::facts(&policy));
        let read = FilesRead { files, at: clock.now() };
        let generations = Generations::begin(page, store.instance(), fresh);
        let memory = Arc::new(Memory::new(generations, policy, read));
        let observer: Arc<dyn Observer> = Arc::<Memory>::clone(&memory);
        let store = Arc::new(store.observe(observer, executor)?);
        let (table, read) = (Arc::clone(&memory.policy().table), memory.files());
        let started_at = read.at;
        store
            .write(Ticket::DAEMON, move |batch| {
                policy_table::record_policy(batch, read.at, Actor::Daemon, &table, &read.files)
            })
            .map_err(|error| store.open_error(error))?;
        Ok(Arc::new(Self {
            hot: HotKeys::new(settings.hot_keys),
            settings,
            clock,
            randomness,
            store,
            memory,
            last_used: LastUsed::new(),
            answered,
            started_at,
            counters: Counters::default(),
            logged_head: Mutex::default(),
        }))
    }
}

/// The compiled-in table is regarded as in force until the audit says otherwise.
fn initial_state(parts: &Parts) -> InitialState<'_> {
    InitialState {
        now: parts.clock.now(),
        policy_hash: policy_table::hash(SHIPPED),
        randomness: &parts.randomness,
    }
}

/// Records kept in memory: about 20 MiB with names of usual length.
const HOT_KEYS: usize = 65_536;

/// Name of the revocation page's file, to which the store's id is added.
pub(crate) const PAGE: &str = "apikeyd.page";

/// The settings of the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory with the database (`apikeyd.redb`) and its pepper, and no files of others. It must exist,
    /// belong to the daemon's user and be closed to all others (0700).
    pub state_dir: PathBuf,
    /// Where the pepper comes from.
    pub pepper: PepperSource,
    /// The prefix of new keys.
    pub key_prefix: KeyPrefix,
    /// How long a draft waits to be saved.
    pub draft_ttl: Duration,
    /// How long the record of a revoked key is kept; `None` keeps it permanently.
    pub retention: Option<Duration>,
    /// Bytes that the database may hold in memory.
    pub cache_bytes: usize,
    /// Records kept in memory, so that most validations read no database.
    pub hot_keys: usize,
    /// Where rights and policy table come from. [`Service::open`](super::Service::open) compares them with what
    /// was last in force.
    pub sources: Sources,
    /// Where the file of the revocation page may be: the first location where it can be made is used. The
    /// store's id is added to its name, so that no two stores share a file. It belongs on a file system in
    /// memory. If empty, clients get no page, and no daemon on this store may ever have handed one out.
    pub pages: Vec<PathBuf>,
}

impl Settings {
    /// The defaults: drafts for 10 minutes, records of revoked keys for 90 days, 64 MiB of cache, 65,536
    /// records in memory, the prefix `akd`, a table supplied deliberately by the program, the pepper and the
    /// revocation page in files beside the database.
    #[must_use]
    pub fn in_dir(state_dir: impl Into<PathBuf>) -> Self {
        let state_dir = state_dir.into();
        Self {
            pages: vec![state_dir.join(PAGE)],
            state_dir,
            pepper: PepperSource::Beside,
            key_prefix: KeyPrefix::default(),
            draft_ttl: Duration::from_secs(DRAFT_MINUTES * MINUTE),
            retention: Some(Duration::from_secs(RETENTION_DAYS * DAY)),
            cache_bytes: CACHE_MIB * MIB,
            hot_keys: HOT_KEYS,
            sources: Sources::default(),
        }
    }
}

/// Has the writer decide a command in its transaction; returns once it is durable.
pub(super) async fn write<T: Send + 'static>(
    keystore: &Keystore,
    ticket: Ticket,
    decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (sender, receiver) = oneshot::channel();
    // A caller that is gone does not want the answer; the change is made all the same.
    keystore.submit(ticket, decide, move |answer| drop(sender.send(answer)))?;
    if keystore.is_driven() {
        // All tasks that are ready queue their commands first.
        tokio::task::yield_now().await;
        keystore.drive();
    }
    receiver.await.unwrap_or(Err(StoreError::Closed))
}

/// Tries to reopen a failed database; does nothing if it never failed.
pub(super) async fn recover(keystore: &Keystore) {
    if keystore.is_failed() {
        let (sender, receiver) = oneshot::channel();
        if keystore.recover(move || _ = sender.send(())).is_ok() {
            // Dropped without an answer if the writer has ended: then there is nothing to wait for.
            let _ = receiver.await;
        }
    }
}

/// Closes the database after everything queued. Does nothing the second time.
pub(super) async fn close(keystore: &Keystore) -> Result<(), StoreError> {
    let (sender, receiver) = oneshot::channel();
    match keystore.close(move |outcome| drop(sender.send(outcome))) {
        Err(_) => Ok(()),
        Ok(()) => {
            let outcome = receiver.await.unwrap_or(Ok(()));
            keystore.join();
            outcome
        }
    }
}
