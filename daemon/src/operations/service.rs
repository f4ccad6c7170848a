//! The service: one keystore, one policy table, and what is kept in memory of both.

use super::permit::Standing;
use super::settings::Settings;
use super::state::answered::Answered;
use super::state::counters::Counters;
use super::state::hot::HotKeys;
use super::state::last_used::LastUsed;
use super::state::memory::{FilesRead, Memory};
use super::state::policy_table;
use crate::parts::{Clock, Parts, Randomness};
use crate::revocation::{Fresh, Generations, Home, Page, open_page};
use apikeyd_keystore::domain::FilesInForce;
use apikeyd_keystore::{
    Disk, InitialState, Keystore, Observer, OpenError, Secrets, StorageBackend, Ticket, Unobserved,
};
use apikeyd_policy::{PolicyTable, SHIPPED};
use apikeyd_protocol::right::RightSet;
use apikeyd_protocol::term::Actor;
use apikeyd_protocol::time::Timestamp;
use std::sync::{Arc, Mutex};

/// The daemon's operations over one store and one policy table.
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
    /// When the audit head was last put in the journal, and its revision.
    pub(super) logged_head: Mutex<(Timestamp, u64)>,
}

impl Service {
    /// Opens the store, or makes it at a first start. `policy` is in force at once; when it is not the table
    /// that was last in force (at first the shipped one), the audit gets a row. Waits for the disk.
    ///
    /// # Errors
    /// [`OpenError`], each with what to do; [`OpenError::FilesLost`] when the settings' sources are what is left after
    /// the loss of a file that was in force last.
    pub fn open(settings: Settings, policy: PolicyTable, parts: Parts) -> Result<Arc<Self>, OpenError> {
        let Settings { state_dir, pepper, cache_bytes, .. } = &settings;
        let admit = policy_table::admission(&settings.sources, &policy);
        let store = Unobserved::open(state_dir, pepper, *cache_bytes, initial_state(&parts), admit)?;
        let home = store.directory().map(|directory| Home::new(*store.store_id(), directory));
        let page = open_page(&settings.pages, home.as_ref());
        Self::over(store, page, settings, policy, parts)
    }

    /// As [`open`](Service::open), on a disk that must hold a store, such as a disk that a test makes fail.
    /// The settings' directory and pepper are not looked at, and clients get no page.
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

    /// A caller's rights, which `rights` reads from the table in force. The numbers of the revocation page are read
    /// before: see [`Standing`].
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

/// The shipped table counts as in force until the audit says otherwise.
fn initial_state(parts: &Parts) -> InitialState<'_> {
    InitialState {
        now: parts.clock.now(),
        policy_hash: policy_table::hash(SHIPPED),
        randomness: &parts.randomness,
    }
}
