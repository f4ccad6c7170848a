//! Housekeeping, backup and shutdown.

use super::dispatch::daemon::Caller;
use super::dispatch::daemon::Daemon;
use super::dispatch::descriptors::{Enclosed, Kind};
use super::dispatch::route::Finished;
use super::dispatch::serve::Hold;
use super::dispatch::serve::{Body, Call, Serve, Served};
use super::dispatch::turns::Work;
use super::error::ServiceError;
use super::permit::Permit;
use super::service::Service;
use super::service::{self};
use apikeyd_keystore::domain::{self, Action, Change};
use apikeyd_keystore::{Batch, Pace, StoreError, Ticket, View};
use apikeyd_protocol::message::BackupReady;
use apikeyd_protocol::operation::{self, Opcode};
use apikeyd_protocol::right::types;
use apikeyd_protocol::term::{Actor, AuditHead};
use apikeyd_protocol::time::Timestamp;
use core::time::Duration;
use std::os::fd::OwnedFd;
use std::sync::{Arc, PoisonError};

/// The daemon's own changes in one transaction: callers' changes get their turn in between.
const SWEEP: usize = 256;

/// Transactions of one sweep in one step; the rest is left for the next step.
const MAX_SWEEPS: usize = 64;

/// Last uses written in one transaction.
const FLUSH: usize = 4096;

/// How often the head of the audit chain is logged while it changes.
const HEAD_INTERVAL: Duration = Duration::from_secs(10 * 60);

impl Serve for operation::Backup {
    const HOLD: Hold = Hold::Before;
    const IS_COSTLY: bool = true;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, caller, permit, .. } = call;
        let pid = caller.peer.pid;
        Ok(Served::costly(daemon, caller, permit, Work::Whole, move |daemon, permit, gone| {
            // Before the work, because a copy that cannot be handed over is not made, but not before its turn:
            // otherwise a caller that asks and does not read would be refused at once, thousands of times.
            let reservation = daemon.unread.reserve(permit.uid(), Kind::Copy)?;
            let (ready, descriptor) = daemon.service.backup(permit, gone)?;
            let (uid, revision) = (permit.uid(), ready.head.revision);
            // Before handing it over, so that even a crash lets no copy out unnoticed.
            tracing::info!(uid, pid, revision, "a copy of the database is handed over");
            Ok(Body::of::<Self>(&ready)?.enclosing(Enclosed { descriptor, reservation, is_recorded: true }))
        }))
    }
}

/// Records that a caller has the descriptor of a backup.
pub(crate) async fn record_backup(daemon: Arc<Daemon>, caller: Caller) -> Finished {
    let recorded = daemon.service.backup_handed_over(caller.peer.actor()).await;
    if let Err(error) = &recorded {
        daemon.note(&caller.peer, Opcode::Backup, error);
    }
    Finished::Recorded(recorded.is_ok())
}

impl Service {
    /// One step of housekeeping, to be called every few seconds: reopens a failed store if possible, revokes
    /// expired keys, removes old records, drops expired drafts, writes last-used times, logs the audit head
    /// from time to time. Failures are logged, and retried in the next step.
    pub async fn maintain(&self) {
        self.memory.generations.settle();
        service::recover(&self.store).await;
        self.memory.drafts().expire(self.clock.now());
        if !self.store.is_failed()
            && let Err(error) = self.sweep().await
        {
            tracing::warn!(%error, "housekeeping failed; the next step tries again");
        }
        self.log_head(HEAD_INTERVAL);
    }

    /// A consistent copy of the database in a file without a name, opened for reading at offset 0. Takes as
    /// long as reading and writing all of it; stops when `gone` says that nobody waits for it any more.
    ///
    /// The caller of this function calls [`backup_handed_over`](Service::backup_handed_over) once the copy has
    /// left the daemon, and before it confirms that: this is what the audit row means. The copy does not
    /// contain the row.
    ///
    /// # Errors
    /// Those of the store; `StorageUnavailable` also if the disk has no room for the copy, or the row could not
    /// be written.
    pub fn backup(
        &self,
        _permit: &Permit<types::Admin>,
        gone: &dyn Fn() -> bool,
    ) -> Result<(BackupReady, OwnedFd), ServiceError> {
        if self.store.is_failed() {
            return Err(StoreError::unavailable("the audit row for a backup could not be written").into());
        }
        let copy = self.store.copy(&Pace::of(gone))?;
        let head = AuditHead { revision: copy.head.revision, mac: copy.head.link };
        Ok((BackupReady { bytes: copy.bytes, head }, copy.file))
    }

    /// Writes the audit row for a copy handed to `actor`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn backup_handed_over(&self, actor: Actor) -> Result<(), ServiceError> {
        let clock = self.clock.clone();
        let row = move |batch: &mut Batch<'_>| {
            batch.apply(&Change { at: clock.now(), actor, action: Action::TakeBackup })
        };
        Ok(service::write(&self.store, Ticket::URGENT, row).await?)
    }

    /// Writes what is only in memory and closes the database. Later requests get `ShuttingDown`.
    ///
    /// # Errors
    /// If the last writes failed; acknowledged changes are not among them.
    pub async fn close(&self) -> Result<(), ServiceError> {
        self.memory.generations.end();
        let flushed = if self.store.is_failed() { Ok(()) } else { self.flush_last_used().await };
        self.log_head(Duration::ZERO);
        let closed = service::close(&self.store).await;
        self.memory.generations.release();
        closed.and(flushed).map_err(ServiceError::from)
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.repeat(Chore::Expire).await?;
        if let Some(retention) = self.settings.retention {
            self.repeat(Chore::Purge { retention }).await?;
        }
        self.flush_last_used().await
    }

    /// Does a chore batch by batch, until little of it is left.
    async fn repeat(&self, chore: Chore) -> Result<(), StoreError> {
        for _ in 0..MAX_SWEEPS {
            let now = self.clock.now();
            // Does not wake the writer for nothing.
            if !self.store.read(|view| chore.is_due(view, now))? {
                break;
            }
            let done = service::write(&self.store, Ticket::DAEMON, move |batch| {
                let changes = chore.changes(batch, now)?;
                changes.iter().try_for_each(|change| batch.apply(change))?;
                Ok(changes.len())
            });
            if done.await? < SWEEP {
                break;
            }
        }
        Ok(())
    }

    async fn flush_last_used(&self) -> Result<(), StoreError> {
        for uses in self.last_used.pending().chunks(FLUSH) {
            let batch_uses = uses.to_vec();
            service::write(&self.store, Ticket::DAEMON, move |batch| batch.note_used(&batch_uses)).await?;
            self.last_used.written(uses);
        }
        Ok(())
    }

    /// Logs the head of the audit chain if it has advanced and was last logged at least `interval` ago.
    fn log_head(&self, interval: Duration) {
        let (head, now) = (self.audit_head(), self.clock.now());
        let mut logged = self.logged_head.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, revision) = *logged;
        if revision != head.revision && (now < at || now >= at.saturating_add(interval)) {
            let mac = blake3::Hash::from_bytes(head.mac).to_hex();
            tracing::info!(revision = head.revision, mac = %mac, "head of the audit chain");
            *logged = (now, head.revision);
        }
    }
}

/// Changes that the daemon makes on its own.
#[derive(Clone, Copy, Debug)]
enum Chore {
    /// Record that active keys have expired.
    Expire,
    /// Remove the records of keys that were revoked long ago.
    Purge {
        /// How long they are kept.
        retention: Duration,
    },
}

impl Chore {
    /// Whether there is anything to do.
    fn is_due(self, view: &View<'_>, now: Timestamp) -> Result<bool, StoreError> {
        match self {
            Self::Expire => view.has_due(now),
            Self::Purge { retention } => view.has_revoked_by(now.saturating_sub(retention)),
        }
    }

    /// The next changes, at most [`SWEEP`]. Damaged records remain: nothing is accepted on them.
    fn changes(self, batch: &Batch<'_>, now: Timestamp) -> Result<Vec<Change>, StoreError> {
        let key_ids = match self {
            Self::Expire => batch.due(now, SWEEP)?,
            Self::Purge { retention } => batch.revoked_by(now.saturating_sub(retention), SWEEP)?,
        };
        let mut changes = Vec::with_capacity(key_ids.len());
        for key_id in key_ids {
            match (self, batch.record(key_id)) {
                (Self::Expire, Ok(Some(record))) => changes.extend(domain::expire(now, &record)),
                (Self::Purge { .. }, Ok(Some(_))) => {
                    changes.push(Change { at: now, actor: Actor::Daemon, action: Action::Purge { key_id } });
                }
                (_, Ok(None) | Err(StoreError::Damaged(_))) => {}
                (_, Err(error)) => return Err(error),
            }
        }
        Ok(changes)
    }
}
