//! The database of keys and of the audit. No other module names redb.
//!
//! ```text
//!   readers ──► View ────────────┐            ┌──► an Overlay, while the disk fails
//!                                ├─► Shared ──┤
//!   commands ─► queue ─► writer ─┘            └──► the database, on a Disk
//!                        └► Batch: facts out, changes in, one transaction
//! ```
//!
//! | module | holds |
//! |---|---|
//! | `schema`, `record_codec`, `audit_codec`, `files_codec`, `bytes` | what stands in the file |
//! | `secrets`, `locked`, `pepper` | the pepper and the keys derived from it |
//! | `state_dir`, `first_start`, `opening`, `open_error` | the way to an open database, and every way to fail |
//! | `view`, `chain`, `backup` | reading |
//! | `lanes`, `writer`, `batch` | writing: whose turn it is, the transaction, what is in it |
//! | `codecs` | the same values for campaigns |
//! | `shared`, `overlay`, `disk` | the open database, and what happens when its disk fails |
//! | `read_ahead` | a start from a file that is not in memory |

mod audit_codec;
mod backup;
mod batch;
mod bytes;
mod chain;
#[doc(hidden)]
pub mod codecs;
mod disk;
mod error;
mod files_codec;
mod first_start;
mod lanes;
mod locked;
mod open_error;
mod opening;
mod overlay;
mod pace;
mod pepper;
mod read_ahead;
mod record_codec;
mod schema;
mod secrets;
mod shared;
mod state_dir;
mod view;
mod writer;

pub use disk::Disk;
pub use open_error::{ExitClass, OpenError};
pub use pepper::PepperSource;
/// What a [`Disk`] gives: the database's bytes.
pub use redb::StorageBackend;

pub(crate) use backup::Copy;
pub(crate) use batch::{Batch, Effects};
pub(crate) use error::StoreError;
pub(crate) use first_start::InitialState;
pub(crate) use lanes::Ticket;
pub(crate) use pace::Pace;
pub(crate) use schema::Head;
pub(crate) use secrets::Secrets;
pub(crate) use shared::Observer;
pub(crate) use state_dir::StateDir;
pub(crate) use view::View;

use crate::domain::{Before, Lost};
use crate::parts::Executor;
use shared::Shared;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use writer::Queue;

/// The open store.
#[derive(Debug)]
pub(crate) struct Store {
    shared: Arc<Shared>,
    queue: Queue,
    writer: Mutex<Option<JoinHandle<()>>>,
    instance: u64,
}

/// A store that is open and does not write yet: its [`Observer`] may want to know its instance first.
#[derive(Debug)]
pub(crate) struct Unwatched {
    opened: opening::Opened,
    disk: Arc<dyn Disk>,
    secrets: Secrets,
    cache_bytes: usize,
    instance: u64,
    directory: Option<(u64, u64)>,
}

impl Unwatched {
    /// Opens the store in a directory, or makes it at a first start. `admit` holds the files of this start against
    /// those that were in force last.
    pub(crate) fn open(
        dir: &Path,
        pepper: &PepperSource,
        cache_bytes: usize,
        initial_state: InitialState<'_>,
        admit: impl FnOnce(&Before) -> Result<(), Lost>,
    ) -> Result<Self, OpenError> {
        let dir = Arc::new(StateDir::open(dir)?);
        let secrets = first_start::establish(&dir, pepper, initial_state)?;
        let path = match pepper {
            PepperSource::Beside => dir.at(pepper::PEPPER),
            PepperSource::Credential(path) => path.clone(),
        };
        let disk: Arc<dyn Disk> = Arc::<StateDir>::clone(&dir);
        let store = Self::open_on(disk, secrets, cache_bytes, admit).map_err(|error| {
            // What the database cannot know: which file the pepper came from.
            if let OpenError::WrongPepper { .. } = error { OpenError::WrongPepper { path } } else { error }
        })?;
        first_start::check_mark(&dir, &store.opened.store_id)?;
        Ok(Self { directory: Some(dir.identity()?), ..store })
    }

    /// Opens the store on a disk that must hold one.
    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        secrets: Secrets,
        cache_bytes: usize,
        admit: impl FnOnce(&Before) -> Result<(), Lost>,
    ) -> Result<Self, OpenError> {
        let opened = opening::open(&*disk, &secrets, cache_bytes)?;
        // Before anything is written: a start that is refused leaves the store as it was.
        let before = view::files_before(&opened.database)
            .map_err(|error| opening::reading_failed(disk.path(), error))?;
        admit(&before).map_err(OpenError::FilesLost)?;
        let instance = opening::begin_instance(&opened.database)
            .map_err(|error| opening::reading_failed(disk.path(), error))?;
        Ok(Self { opened, disk, secrets, cache_bytes, instance, directory: None })
    }

    /// Makes a store in an empty backend.
    pub(crate) fn create_on(
        backend: Box<dyn StorageBackend>,
        secrets: &Secrets,
        initial_state: InitialState<'_>,
    ) -> Result<(), OpenError> {
        opening::create(backend, Path::new("the disk"), secrets, initial_state)
    }

    /// Counts the opens.
    pub(crate) const fn instance(&self) -> u64 {
        self.instance
    }

    /// Random name of the store, made with it.
    pub(crate) const fn store_id(&self) -> &[u8; 16] {
        &self.opened.store_id
    }

    /// Device and inode of the directory that holds it; none on another disk.
    pub(crate) const fn directory(&self) -> Option<(u64, u64)> {
        self.directory
    }

    /// Starts the writer.
    pub(crate) fn watch(self, observer: Arc<dyn Observer>, executor: Executor) -> Result<Store, OpenError> {
        let Self { opened, disk, secrets, cache_bytes, instance, directory: _ } = self;
        let path = disk.path().to_path_buf();
        let shared = Arc::new(Shared::new(opened, disk, Arc::new(secrets), observer, cache_bytes));
        let (queue, writer) = writer::start(Arc::clone(&shared), executor)
            .map_err(|source| OpenError::Io { action: "start the writer's thread for", path, source })?;
        Ok(Store { shared, queue, writer: Mutex::new(writer), instance })
    }
}

impl Store {
    /// Reads from the last commit; `read` may be called a second time when the disk fails under it.
    pub(crate) fn read<T>(&self, read: impl Fn(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.shared.read(read)
    }

    /// Decides a command in the writer's transaction; the answer comes once it is durable.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        ticket: Ticket,
        decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // A caller that went away does not want the answer; the change stands all the same.
        self.queue.submit(ticket, decide, move |answer| drop(sender.send(answer)))?;
        self.queue.gather().await;
        receiver.await.unwrap_or(Err(StoreError::Closed))
    }

    /// As [`write`](Store::write), for callers outside the runtime.
    pub(crate) fn write_blocking<T: Send + 'static>(
        &self,
        ticket: Ticket,
        decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = mpsc::channel();
        self.queue.submit(ticket, decide, move |answer| drop(sender.send(answer)))?;
        self.queue.drive();
        receiver.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Copies the database; takes as long as reading and writing all of it.
    pub(crate) fn copy(&self, pace: &Pace<'_>) -> Result<Copy, StoreError> {
        self.shared.copy(pace)
    }

    /// Tries to open a failed database again; nothing to do when it never failed.
    pub(crate) async fn recover(&self) {
        if self.shared.is_failed() {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            if self.queue.recover(move || _ = sender.send(())).is_ok() {
                let _ = receiver.await;
            }
        }
    }

    /// Closes the database, after all that is queued.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        match self.queue.close(move |outcome| drop(sender.send(outcome))) {
            Err(_) => Ok(()),
            Ok(()) => {
                let outcome = receiver.await.unwrap_or(Ok(()));
                self.join();
                outcome
            }
        }
    }

    /// Whether changes are refused until the disk is mended.
    pub(crate) fn is_failed(&self) -> bool {
        self.shared.is_failed()
    }

    /// The last acknowledged change, and the counts.
    pub(crate) fn head(&self) -> Head {
        self.shared.head()
    }

    /// Random name of the store, made with it.
    pub(crate) fn store_id(&self) -> &[u8; 16] {
        self.shared.store_id()
    }

    /// Counts the opens.
    pub(crate) const fn instance(&self) -> u64 {
        self.instance
    }

    /// Names the store in a failure at the start.
    pub(crate) fn open_error(&self, error: StoreError) -> OpenError {
        opening::reading_failed(self.shared.disk.path(), error)
    }

    /// The keys derived from the pepper.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.shared.secrets
    }

    fn join(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // It catches its own panics; one that got through was reported by the panic hook.
            let _ = writer.join();
        }
    }
}

/// Waits for the writer, so that the database is closed and free for the next one.
impl Drop for Store {
    fn drop(&mut self) {
        if self.queue.close(|_| ()).is_ok() {
            self.join();
        }
    }
}
