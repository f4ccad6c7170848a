//! Tells a first start from a lost file, and makes a first start that may be interrupted anywhere.
//!
//! If the pepper is beside the database, it shows whether a store was set up:
//!
//! | `pepper` | `apikeyd.redb` | `apikeyd.redb.new` | meaning |
//! |---|---|---|---|
//! | – | – | any | a first start, or one interrupted before the pepper got its name: start from scratch |
//! | yes | – | yes | a first start interrupted after that: the new database is complete, give it its name |
//! | yes | – | – | the database is missing: an error |
//! | – | yes | any | the pepper is missing: an error |
//! | yes | yes | any | an ordinary start |
//!
//! The order is therefore: make pepper and database complete and durable under other names, then rename the
//! pepper, then the database. If the pepper comes from outside, the file `store-id` shows instead that a store
//! was set up: every start that does not find it writes it, after the database has its name. It also
//! distinguishes another store's database from the one that was set up here, and a credential that is lost
//! together with the database from a first start: if it exists, neither is made anew.

use crate::open_error::OpenError;
use crate::opening::{self, InitialState};
use crate::parts::Randomness;
use crate::secrets::{KEY, Secrets};
use crate::state_dir::{DATABASE, StateDir, backend, failed, open_plain};
use rustix::fs::{CWD, OFlags};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const NEW_DATABASE: &str = "apikeyd.redb.new";
const NEW_PEPPER: &str = "pepper.new";
const MARK: &str = "store-id";
const NEW_MARK: &str = "store-id.new";

/// Makes sure that pepper and database have their names, and returns the secrets.
pub(crate) fn establish(
    dir: &StateDir,
    source: &PepperSource,
    initial_state: InitialState<'_>,
) -> Result<Secrets, OpenError> {
    let has_database = dir.has(DATABASE)?;
    match source {
        PepperSource::Beside => match (dir.has(PEPPER)?, has_database) {
            (true, true) => read_beside(dir),
            (false, true) => Err(OpenError::PepperMissing { path: dir.at(PEPPER) }),
            (true, false) if dir.has(NEW_DATABASE)? => {
                let secrets = read_beside(dir)?;
                dir.publish(NEW_DATABASE, DATABASE)?;
                Ok(secrets)
            }
            (true, false) => Err(OpenError::DatabaseMissing { path: dir.at(DATABASE), mark: dir.at(PEPPER) }),
            // There was never a pepper beside it: it was a credential, which is no longer provided.
            (false, false) if dir.has(MARK)? => {
                Err(OpenError::DatabaseMissing { path: dir.at(DATABASE), mark: dir.at(MARK) })
            }
            (false, false) => {
                let secrets = create_pepper(dir, NEW_PEPPER, initial_state.randomness)?;
                create_database(dir, &secrets, initial_state)?;
                dir.publish(NEW_PEPPER, PEPPER)?;
                dir.publish(NEW_DATABASE, DATABASE)?;
                Ok(secrets)
            }
        },
        PepperSource::Credential(path) => {
            let secrets = read_credential(path)?;
            if !has_database {
                if dir.has(MARK)? {
                    return Err(OpenError::DatabaseMissing { path: dir.at(DATABASE), mark: dir.at(MARK) });
                }
                create_database(dir, &secrets, initial_state)?;
                dir.publish(NEW_DATABASE, DATABASE)?;
            }
            Ok(secrets)
        }
    }
}

/// Compares the store's id with the one that was set up here; records it if there is none.
pub(crate) fn check_mark(dir: &StateDir, store_id: &[u8; 16]) -> Result<(), OpenError> {
    let wanted = format!("{:032x}\n", u128::from_be_bytes(*store_id));
    let path = dir.at(MARK);
    if dir.has(MARK)? {
        let (file, _) = dir.open_private(MARK, OFlags::RDONLY)?;
        let mut found = Vec::new();
        file.take(64).read_to_end(&mut found).map_err(failed("read", &path))?;
        if found != wanted.as_bytes() {
            return Err(OpenError::OtherStore { path: dir.at(DATABASE), mark: path });
        }
        return Ok(());
    }
    let mut file = dir.create_private(NEW_MARK)?;
    file.write_all(wanted.as_bytes()).and_then(|()| file.sync_all()).map_err(failed("write", &path))?;
    dir.publish(NEW_MARK, MARK)
}

fn create_database(
    dir: &StateDir,
    secrets: &Secrets,
    initial_state: InitialState<'_>,
) -> Result<(), OpenError> {
    let path = dir.at(NEW_DATABASE);
    let file = dir.create_private(NEW_DATABASE)?;
    let synced = file.try_clone().map_err(failed("open", &path))?;
    opening::create(backend(file, &path)?, &path, secrets, initial_state)?;
    synced.sync_all().map_err(failed("sync", &path))?;
    dir.sync()
}

/// Its name beside the database.
pub(crate) const PEPPER: &str = "pepper";

/// Where the pepper comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PepperSource {
    /// The file `pepper` beside the database, made at the first start.
    Beside,
    /// A file that somebody else provides, such as systemd's `$CREDENTIALS_DIRECTORY/pepper`.
    Credential(PathBuf),
}

/// Reads the pepper beside the database, which must be private.
fn read_beside(dir: &StateDir) -> Result<Secrets, OpenError> {
    let (file, _) = dir.open_private(PEPPER, OFlags::RDONLY)?;
    read(file, &dir.at(PEPPER))
}

/// Reads a pepper that somebody else provides. They choose its owner and group (systemd provides a file owned
/// by root with an access list), but it must not be world-readable.
fn read_credential(path: &Path) -> Result<Secrets, OpenError> {
    let (file, stat) = match open_plain(CWD, path, path, OFlags::RDONLY) {
        Err(OpenError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(OpenError::PepperMissing { path: path.into() });
        }
        opened => opened?,
    };
    if stat.st_mode & 0o007 != 0 {
        return Err(OpenError::ModeTooOpen { path: path.into(), mode: stat.st_mode & 0o7777 });
    }
    read(file, path)
}

fn read(file: File, path: &Path) -> Result<Secrets, OpenError> {
    // One byte more than needed, so that a longer file is noticed. A fixed array, so that no copy is left
    // behind.
    let mut bytes = Zeroizing::new([0; KEY + 1]);
    let mut length = 0;
    let mut file = file.take(KEY as u64 + 1);
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest).map_err(failed("read", path))? {
            0 => break,
            read => length += read,
        }
    }
    match bytes.split_last() {
        Some((_, pepper)) if length == KEY => {
            let pepper = <&[u8; KEY]>::try_from(pepper);
            pepper
                .map(Secrets::derive)
                .map_err(|_| OpenError::PepperLength { path: path.into(), bytes: length })
        }
        _ => Err(OpenError::PepperLength { path: path.into(), bytes: length }),
    }
}

/// Draws a pepper and writes it durably, under a name that is not yet the final one.
fn create_pepper(dir: &StateDir, name: &str, randomness: &Randomness) -> Result<Secrets, OpenError> {
    let mut pepper = Zeroizing::new([0; KEY]);
    randomness.fill(&mut *pepper).map_err(OpenError::Randomness)?;
    let mut file = dir.create_private(name)?;
    file.write_all(&*pepper).and_then(|()| file.sync_all()).map_err(failed("write", &dir.at(name)))?;
    Ok(Secrets::derive(&pepper))
}
