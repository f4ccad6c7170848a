//! Making a database, and opening one that must be ours.

use crate::database::batch::Batch;
use crate::database::overlay::Overlay;
use crate::database::schema::{
    Head, META, META_HEAD, META_INSTANCE, META_PEPPER, META_POLICY, META_SCHEMA, META_STORE_ID, SCHEMA,
};
use crate::database::view;
use crate::disk::{Attached, Disk};
use crate::domain::{Action, Change};
use crate::error::StoreError;
use crate::open_error::OpenError;
use crate::parts::Randomness;
use crate::secrets::Secrets;
use crate::state_dir::failed;
use apikeyd_protocol::term::Actor;
use apikeyd_protocol::time::Timestamp;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable as _, StorageBackend, StorageError,
};
use std::io;
use std::path::Path;
use subtle::ConstantTimeEq;

/// The cache for a database that is made or copied and then closed.
const SMALL_CACHE: usize = 4 * 1024 * 1024;

/// The initial state of a new store.
#[derive(Clone, Copy, Debug)]
pub struct InitialState<'a> {
    /// The time.
    pub now: Timestamp,
    /// BLAKE3 of the policy table that is in force from the first row on.
    pub policy_hash: [u8; 32],
    /// For the store's id and its pepper.
    pub randomness: &'a Randomness,
}

/// An open database and what it is.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) store_id: [u8; 16],
    pub(crate) head: Head,
}

/// Makes a database in an empty backend: all tables, the meta values, the first audit row.
pub(crate) fn create(
    backend: Box<dyn StorageBackend>,
    path: &Path,
    secrets: &Secrets,
    initial_state: InitialState<'_>,
) -> Result<(), OpenError> {
    let mut store_id = [0; 16];
    initial_state.randomness.fill(&mut store_id).map_err(OpenError::Randomness)?;
    let database = Builder::new()
        .set_cache_size(SMALL_CACHE)
        .create_with_backend(Attached(backend))
        .map_err(|error| opening_failed(path, error))?;
    fill(&database, secrets, initial_state, &store_id).map_err(|error| reading_failed(path, error))?;
    database.close().map_err(|error| opening_failed(path, error))
}

fn fill(
    database: &Database,
    secrets: &Secrets,
    initial_state: InitialState<'_>,
    store_id: &[u8; 16],
) -> Result<(), StoreError> {
    let mut txn = database.begin_write()?;
    txn.set_quick_repair(true);
    {
        let mut meta = txn.open_table(META)?;
        let head = Head { revision: 0, link: secrets.root(store_id), active: 0, revoked: 0 };
        meta.insert(META_SCHEMA, SCHEMA.to_le_bytes().as_slice())?;
        meta.insert(META_STORE_ID, store_id.as_slice())?;
        meta.insert(META_PEPPER, secrets.check().as_slice())?;
        meta.insert(META_POLICY, initial_state.policy_hash.as_slice())?;
        meta.insert(META_INSTANCE, 0_u64.to_le_bytes().as_slice())?;
        meta.insert(META_HEAD, head.encode().as_slice())?;
    }
    let mut batch = Batch::open(&txn, secrets)?;
    batch.apply(&Change { at: initial_state.now, actor: Actor::Daemon, action: Action::CreateStore })?;
    batch.finish()?;
    Ok(txn.commit()?)
}

/// Opens the database on its disk: checks every page, recovers if necessary, and checks that it is ours.
pub(crate) fn open(disk: &dyn Disk, secrets: &Secrets, cache_bytes: usize) -> Result<Opened, OpenError> {
    let database = Builder::new()
        .set_cache_size(cache_bytes)
        .set_check_integrity_on_open(true)
        .create_with_backend(Attached(disk.attach()?))
        .map_err(|error| opening_failed(disk.path(), error))?;
    identify(database, disk.path(), secrets)
}

/// Opens the same database for reading, even if the disk refuses writes; see [`Overlay`].
pub(crate) fn open_overlay(
    disk: &dyn Disk,
    secrets: &Secrets,
    cache_bytes: usize,
) -> Result<Opened, OpenError> {
    let overlay = Overlay::new(disk.attach_reader()?).map_err(failed("read", disk.path()))?;
    let database = Builder::new()
        .set_cache_size(cache_bytes)
        .create_with_backend(overlay)
        .map_err(|error| opening_failed(disk.path(), error))?;
    identify(database, disk.path(), secrets)
}

/// Counts a start.
pub(crate) fn begin_instance(database: &Database) -> Result<u64, StoreError> {
    let mut txn = database.begin_write()?;
    txn.set_quick_repair(true);
    let instance = {
        let mut meta = txn.open_table(META)?;
        let before = meta.get(META_INSTANCE)?.and_then(|bytes| bytes.value().try_into().ok());
        let instance = before.map_or(0, u64::from_le_bytes) + 1;
        meta.insert(META_INSTANCE, instance.to_le_bytes().as_slice())?;
        instance
    };
    txn.commit()?;
    Ok(instance)
}

fn identify(database: Database, path: &Path, secrets: &Secrets) -> Result<Opened, OpenError> {
    let not_ours = || OpenError::NotOurs { path: path.into() };
    let txn = database.begin_read().map_err(|error| reading_failed(path, error.into()))?;
    let meta = match txn.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::Storage(error)) => return Err(reading_failed(path, error.into())),
        Err(_) => return Err(not_ours()),
    };
    let value = |name| meta.get(name).map_err(|error| reading_failed(path, error.into()));
    let schema = value(META_SCHEMA)?.and_then(|bytes| bytes.value().try_into().ok()).map(u32::from_le_bytes);
    match schema {
        Some(SCHEMA) => {}
        Some(found) if found > SCHEMA => {
            return Err(OpenError::NewerSchema { path: path.into(), found, known: SCHEMA });
        }
        Some(_) | None => return Err(not_ours()),
    }
    let store_id =
        value(META_STORE_ID)?.and_then(|bytes| bytes.value().try_into().ok()).ok_or_else(not_ours)?;
    let check = value(META_PEPPER)?.ok_or_else(not_ours)?;
    if !bool::from(check.value().ct_eq(secrets.check())) {
        return Err(OpenError::WrongPepper { path: path.into() });
    }
    drop(check);
    let head = view::head(&meta).map_err(|error| reading_failed(path, error))?;
    drop((meta, txn));
    Ok(Opened { database, store_id, head })
}

fn opening_failed(path: &Path, error: DatabaseError) -> OpenError {
    let path_buf = || path.to_path_buf();
    #[expect(clippy::wildcard_enum_match_arm, reason = "redb's enums are non-exhaustive")]
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::InUse { path: path_buf() },
        DatabaseError::Storage(StorageError::Io(source)) => match source.kind() {
            io::ErrorKind::InvalidData => OpenError::NotADatabase { path: path_buf() },
            io::ErrorKind::UnexpectedEof => {
                OpenError::Damaged { path: path_buf(), detail: "the file is too short".into() }
            }
            _ => failed("open", path)(source),
        },
        other => OpenError::Damaged { path: path_buf(), detail: other.to_string() },
    }
}

/// A failure in the first transactions on an open database.
pub(crate) fn reading_failed(path: &Path, error: StoreError) -> OpenError {
    match error {
        StoreError::Unavailable { kind, cause } => failed("use", path)(io::Error::new(kind, cause)),
        StoreError::Damaged(_)
        | StoreError::NoCopy(_)
        | StoreError::Busy
        | StoreError::Abandoned
        | StoreError::Closed => OpenError::Damaged { path: path.into(), detail: error.to_string() },
    }
}
