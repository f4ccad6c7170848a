//! The open database, shared by the readers and the one writer, and what happens when its disk fails.
//!
//! ```text
//!                 an error of the disk                    the disk works again
//!    Ready ───────────────────────────► ReadOnly ───────────────────────────► Ready
//!    the database                       an overlay over the same bytes        opened again
//! ```
//!
//! redb serves nothing more from a handle that has seen an error. So reads move to an [overlay] at once; the
//! old handle stays parked, because it holds the file's lock. When a probe shows that the disk accepts writes
//! again, the parked handle is closed and the database reopened, which must then contain every acknowledged
//! change.
//!
//! [overlay]: super::overlay

use crate::database::batch::Effects;
use crate::database::schema::{AUDIT, Head};
use crate::database::view::View;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::opening::{self, Opened};
use crate::secrets::Secrets;
use arc_swap::ArcSwapOption;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use redb::{Database, ReadableDatabase};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Receives commits before their answers are sent.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A batch is durable.
    fn committed(&self, effects: &Effects);
    /// A batch failed but may be durable nevertheless, or the database was reopened: everything known about any
    /// key must be read again.
    fn in_doubt(&self);
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The database, or the overlay. None: closed, or not available at all.
    current: ArcSwapOption<Database>,
    /// The handle that failed, kept for its lock.
    parked: Mutex<Option<Arc<Database>>>,
    /// Held while committing and while swapping `current`: an overlay opened in the middle of a commit would
    /// miss it.
    turn: Mutex<()>,
    /// The last acknowledged change.
    head: Mutex<Head>,
    failed: AtomicBool,
    closed: AtomicBool,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) secrets: Arc<Secrets>,
    observer: Arc<dyn Observer>,
    store_id: [u8; 16],
    cache_bytes: usize,
}

impl Shared {
    pub(crate) fn new(
        opened: Opened,
        disk: Arc<dyn Disk>,
        secrets: Arc<Secrets>,
        observer: Arc<dyn Observer>,
        cache_bytes: usize,
    ) -> Self {
        Self {
            current: ArcSwapOption::from_pointee(opened.database),
            parked: Mutex::new(None),
            turn: Mutex::new(()),
            head: Mutex::new(opened.head),
            failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            disk,
            secrets,
            observer,
            store_id: opened.store_id,
            cache_bytes,
        }
    }

    pub(crate) const fn store_id(&self) -> &[u8; 16] {
        &self.store_id
    }

    pub(crate) fn head(&self) -> Head {
        *lock(&self.head)
    }

    /// Whether changes are refused until the disk is repaired.
    pub(crate) fn is_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        lock(&self.turn)
    }

    /// The database to write to, unless it has failed.
    pub(crate) fn writable(&self) -> Result<Arc<Database>, StoreError> {
        let database = self.current()?;
        if self.is_failed() {
            return Err(StoreError::unavailable(
                "an earlier write failed, and the disk does not work again yet",
            ));
        }
        Ok(database)
    }

    /// A batch is durable: the head advances, then everybody who relies on old answers is told.
    pub(crate) fn committed(&self, head: Option<Head>, effects: Effects) {
        if let Some(head) = head {
            *lock(&self.head) = head;
        }
        self.observer.committed(&effects);
        effects.then.into_iter().for_each(|effect| effect());
    }

    /// Reads from the last commit. If the handle turns out to have failed, reads once more from the overlay.
    pub(crate) fn read<T>(&self, read: impl Fn(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let database = self.current()?;
        match self.read_from(&database, &read) {
            Err(StoreError::Unavailable { .. } | StoreError::Closed)
                if !self.closed.load(Ordering::Acquire) =>
            {
                self.retreat(&database, &self.turn());
                let overlay = self.current()?;
                self.read_from(&overlay, &read)
            }
            outcome => outcome,
        }
    }

    fn read_from<T>(
        &self,
        database: &Database,
        read: impl Fn(&View<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        read(&View { txn: database.begin_read()?, secrets: &self.secrets })
    }

    fn current(&self) -> Result<Arc<Database>, StoreError> {
        match self.current.load_full() {
            Some(database) => Ok(database),
            None if self.closed.load(Ordering::Acquire) => Err(StoreError::Closed),
            None => Err(StoreError::unavailable("the database could not be reopened yet")),
        }
    }

    /// Moves reads from a failed handle to an overlay. Does nothing if that has been done.
    pub(crate) fn retreat(&self, failed: &Arc<Database>, _turn: &MutexGuard<'_, ()>) {
        let is_current = self.current.load().as_ref().is_some_and(|current| Arc::ptr_eq(current, failed));
        if !is_current || self.closed.load(Ordering::Acquire) {
            return;
        }
        if self.failed.swap(true, Ordering::AcqRel) {
            // The overlay itself failed: nothing can be read. The next recovery starts afresh.
            tracing::error!("the database cannot be read either");
            self.current.store(None);
            return;
        }
        tracing::error!(
            database = %self.disk.path().display(),
            "the disk failed: changes are refused until it works again; validation continues"
        );
        self.disk.forget_cached();
        let overlay = match opening::open_overlay(&*self.disk, &self.secrets, self.cache_bytes) {
            Ok(opened) if opened.head.revision >= self.head().revision => Some(Arc::new(opened.database)),
            Ok(_) => {
                tracing::error!("the disk no longer has every acknowledged change");
                None
            }
            Err(error) => {
                tracing::error!(%error, "the database cannot be read while the disk fails");
                None
            }
        };
        *lock(&self.parked) = Some(Arc::clone(failed));
        self.current.store(overlay);
        // What failed may be completely on the disk, and the overlay then shows it.
        self.observer.in_doubt();
    }

    /// Reopens the database when the disk works again. Does nothing if it never failed.
    pub(crate) fn recover(&self) {
        if !self.is_failed() || self.closed.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = self.disk.probe() {
            tracing::warn!(%error, "the disk does not accept writes yet");
            return;
        }
        let _turn = self.turn();
        let mut parked = lock(&self.parked);
        if let Some(old) = parked.take() {
            match Arc::try_unwrap(old) {
                // A failed handle has nothing to write, and its error is known.
                Ok(old) => drop(old.close()),
                Err(old) => {
                    *parked = Some(old);
                    tracing::warn!("somebody still reads from the failed handle; trying again later");
                    return;
                }
            }
        }
        self.disk.forget_cached();
        match opening::open(&*self.disk, &self.secrets, self.cache_bytes) {
            Ok(opened) => self.resume(opened),
            Err(error) => tracing::error!(%error, "the database could not be reopened"),
        }
    }

    fn resume(&self, opened: Opened) {
        let known = self.head();
        if opened.store_id != self.store_id || !holds(&opened.database, &known) {
            tracing::error!(
                revision = known.revision,
                "the database does not hold every acknowledged change any more; changes stay refused: restore it \
                 from a backup, or restart to accept what is there"
            );
            return;
        }
        *lock(&self.head) = opened.head;
        self.current.store(Some(Arc::new(opened.database)));
        self.observer.in_doubt();
        self.failed.store(false, Ordering::Release);
        tracing::info!(revision = opened.head.revision, "the disk works again: changes are accepted");
    }

    /// Closes permanently.
    pub(crate) fn close(&self) -> Result<(), StoreError> {
        let _turn = self.turn();
        self.closed.store(true, Ordering::Release);
        let parked = lock(&self.parked).take();
        let current = self.current.swap(None);
        let mut outcome = Ok(());
        // A reader that is still working keeps its handle, which closes with it.
        for database in [parked, current].into_iter().flatten() {
            if let Ok(database) = Arc::try_unwrap(database) {
                outcome = outcome.and(database.close().map_err(StoreError::from));
            }
        }
        self.disk.release();
        if self.is_failed() { Ok(()) } else { outcome }
    }
}

/// Whether a database contains the audit row of a head.
fn holds(database: &Database, head: &Head) -> bool {
    let link = || -> Result<bool, StoreError> {
        let row = database.begin_read()?.open_table(AUDIT)?.get(head.revision)?;
        Ok(row.is_some_and(|row| row.value().ends_with(&head.link)))
    };
    link().unwrap_or(false)
}

/// A lock whose holder panicked is taken anyway: what these locks guard is consistent between statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
