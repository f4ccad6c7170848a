//! The open keystore.

use crate::database::batch::Batch;
use crate::database::schema::Head;
use crate::database::view::{self, View};
use crate::disk::Disk;
use crate::domain::{Before, Lost};
use crate::error::StoreError;
use crate::first_start::{self, PEPPER, PepperSource};
use crate::open_error::OpenError;
use crate::opening::{self, InitialState};
use crate::pace::Pace;
use crate::parts::Executor;
use crate::secrets::Secrets;
use crate::state_dir::StateDir;
use crate::writing::backup::Copy;
use crate::writing::lanes::Ticket;
use crate::writing::shared::{Observer, Shared};
use crate::writing::writer::{self, Queue};
use redb::StorageBackend;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

/// The open keystore. Reads are answered from the last commit; changes are decided one after another in the
/// writer's transaction, and answered once they are durable.
#[derive(Debug)]
pub struct Keystore {
    shared: Arc<Shared>,
    queue: Queue,
    writer: Mutex<Option<JoinHandle<()>>>,
    instance: u64,
}

/// A keystore that is open but does not write yet: its [`Observer`] may need to know its instance first.
#[derive(Debug)]
pub struct Unobserved {
    opened: opening::Opened,
    disk: Arc<dyn Disk>,
    secrets: Secrets,
    cache_bytes: usize,
    instance: u64,
    directory: Option<(u64, u64)>,
}

impl Unobserved {
    /// Opens the store in a directory, or makes it at a first start. `admit` compares the files of this start
    /// with those last in force.
    ///
    /// # Errors
    /// [`OpenError`]; the store is unchanged.
    pub fn open(
        dir: &Path,
        pepper: &PepperSource,
        cache_bytes: usize,
        initial_state: InitialState<'_>,
        admit: impl FnOnce(&Before) -> Result<(), Lost>,
    ) -> Result<Self, OpenError> {
        let dir = Arc::new(StateDir::open(dir)?);
        let secrets = first_start::establish(&dir, pepper, initial_state)?;
        let path = match pepper {
            PepperSource::Beside => dir.at(PEPPER),
            PepperSource::Credential(path) => path.clone(),
        };
        let disk: Arc<dyn Disk> = Arc::<StateDir>::clone(&dir);
        let store = Self::open_on(disk, secrets, cache_bytes, admit).map_err(|error| {
            // The database cannot know which file the pepper came from.
            if let OpenError::WrongPepper { .. } = error { OpenError::WrongPepper { path } } else { error }
        })?;
        first_start::check_mark(&dir, &store.opened.store_id)?;
        Ok(Self { directory: Some(dir.identity()?), ..store })
    }

    /// Opens the store on a disk that must contain one.
    ///
    /// # Errors
    /// [`OpenError`]; the store is unchanged.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        secrets: Secrets,
        cache_bytes: usize,
        admit: impl FnOnce(&Before) -> Result<(), Lost>,
    ) -> Result<Self, OpenError> {
        let opened = opening::open(&*disk, &secrets, cache_bytes)?;
        // Before anything is written: a start that is refused leaves the store unchanged.
        let before = view::files_before(&opened.database)
            .map_err(|error| opening::reading_failed(disk.path(), error))?;
        admit(&before).map_err(OpenError::FilesLost)?;
        let instance = opening::begin_instance(&opened.database)
            .map_err(|error| opening::reading_failed(disk.path(), error))?;
        Ok(Self { opened, disk, secrets, cache_bytes, instance, directory: None })
    }

    /// Makes a store in an empty backend.
    ///
    /// # Errors
    /// [`OpenError`]: why it cannot be written.
    pub fn create_on(
        backend: Box<dyn StorageBackend>,
        secrets: &Secrets,
        initial_state: InitialState<'_>,
    ) -> Result<(), OpenError> {
        opening::create(backend, Path::new("the disk"), secrets, initial_state)
    }

    /// The number of opens.
    #[must_use]
    pub const fn instance(&self) -> u64 {
        self.instance
    }

    /// Random name of the store, made with it.
    #[must_use]
    pub const fn store_id(&self) -> &[u8; 16] {
        &self.opened.store_id
    }

    /// Device and inode of the directory that holds it; `None` on another disk.
    #[must_use]
    pub const fn directory(&self) -> Option<(u64, u64)> {
        self.directory
    }

    /// Starts the writer, which tells `observer` of each commit before it answers.
    ///
    /// # Errors
    /// [`OpenError`] if the system provides no thread.
    pub fn observe(self, observer: Arc<dyn Observer>, executor: Executor) -> Result<Keystore, OpenError> {
        let Self { opened, disk, secrets, cache_bytes, instance, directory: _ } = self;
        let path = disk.path().to_path_buf();
        let shared = Arc::new(Shared::new(opened, disk, Arc::new(secrets), observer, cache_bytes));
        let (queue, writer) = writer::start(Arc::clone(&shared), executor)
            .map_err(|source| OpenError::Io { action: "start the writer's thread for", path, source })?;
        Ok(Keystore { shared, queue, writer: Mutex::new(writer), instance })
    }
}

impl Keystore {
    /// Reads from the last commit; `read` may be called a second time if the disk fails during the first.
    ///
    /// # Errors
    /// Those of `read`, and [`StoreError::Closed`].
    pub fn read<T>(&self, read: impl Fn(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.shared.read(read)
    }

    /// Queues a command. The writer decides it in its transaction, and calls `answer` once it is durable or has
    /// failed. If the caller is gone, the answer is dropped; the change is made all the same.
    ///
    /// If [callers run the writer](Keystore::is_driven), nothing happens until one of them calls
    /// [`drive`](Keystore::drive).
    ///
    /// # Errors
    /// [`StoreError::Busy`] if too many commands of this ticket wait; [`StoreError::Closed`]. Then `answer` is
    /// not called.
    pub fn submit<T: Send + 'static>(
        &self,
        ticket: Ticket,
        decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
        answer: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.queue.submit(ticket, decide, answer)
    }

    /// Queues a command and waits on this thread for its answer.
    ///
    /// # Errors
    /// Those of `decide`, of the commit and of [`submit`](Keystore::submit).
    pub fn write<T: Send + 'static>(
        &self,
        ticket: Ticket,
        decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = mpsc::channel();
        self.submit(ticket, decide, move |answer| drop(sender.send(answer)))?;
        self.drive();
        receiver.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Whether callers run the writer: see [`Executor::Caller`].
    #[must_use]
    pub const fn is_driven(&self) -> bool {
        self.queue.is_driven()
    }

    /// Carries out queued commands on this thread; does nothing if the writer has its own.
    pub fn drive(&self) {
        self.queue.drive();
    }

    /// Copies the database. Takes as long as reading and writing all of it.
    ///
    /// # Errors
    /// [`StoreError::NoCopy`] if there is no room for the copy, [`StoreError::Abandoned`] when `pace` says that
    /// nobody waits.
    pub fn copy(&self, pace: &Pace<'_>) -> Result<Copy, StoreError> {
        self.shared.copy(pace)
    }

    /// Has the writer reopen a failed database, and calls `done` once it has tried.
    ///
    /// # Errors
    /// [`StoreError::Closed`]; then `done` is not called.
    pub fn recover(&self, done: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        self.queue.recover(done)
    }

    /// Closes the database after everything queued, and calls `done` with the outcome of the last writes.
    ///
    /// # Errors
    /// [`StoreError::Closed`] if it was closed before; then `done` is not called.
    pub fn close(
        &self,
        done: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.queue.close(done)
    }

    /// Waits for the writer's thread after [`close`](Keystore::close).
    pub fn join(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // It catches its own panics; if one got through, the panic hook has reported it.
            let _ = writer.join();
        }
    }

    /// Whether changes are refused until the disk is repaired.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.shared.is_failed()
    }

    /// The last acknowledged change, and the counts.
    #[must_use]
    pub fn head(&self) -> Head {
        self.shared.head()
    }

    /// Random name of the store, made with it.
    #[must_use]
    pub fn store_id(&self) -> &[u8; 16] {
        self.shared.store_id()
    }

    /// The number of opens.
    #[must_use]
    pub const fn instance(&self) -> u64 {
        self.instance
    }

    /// The name of the store in messages about a failed start.
    #[must_use]
    pub fn open_error(&self, error: StoreError) -> OpenError {
        opening::reading_failed(self.shared.disk.path(), error)
    }

    /// The keys derived from the pepper.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.shared.secrets
    }
}

/// Waits for the writer, so that the database is closed and free for the next daemon.
impl Drop for Keystore {
    fn drop(&mut self) {
        if self.queue.close(|_| ()).is_ok() {
            self.join();
        }
    }
}
