//! Telling a first start from a lost file, and making a first start that can be cut short anywhere.
//!
//! With the pepper beside the database, the pepper is what tells that a store was set up:
//!
//! | `pepper` | `apikeyd.redb` | `apikeyd.redb.new` | what it is |
//! |---|---|---|---|
//! | – | – | any | a first start, or one that was cut short before the pepper got its name: make everything anew |
//! | yes | – | yes | a first start that was cut short behind it: the new database is complete, give it its name |
//! | yes | – | – | the database is missing: an error |
//! | – | yes | any | the pepper is missing: an error |
//! | yes | yes | any | a start |
//!
//! So the order is: pepper and database complete and durable under other names, then the pepper's name, then the
//! database's. With a pepper from outside, the file `store-id` tells instead that a store was set up: it is
//! written at every start at which it is not there, behind the database's name. It also tells another store's
//! database from the one that was set up here, and a credential that is gone together with the database from a first start:
//! where it is, neither is made anew.

use super::database;
use super::initial_state::InitialState;
use super::pepper::{self, PEPPER, PepperSource};
use crate::open_error::OpenError;
use crate::secrets::Secrets;
use crate::state_dir::{DATABASE, StateDir, backend, failed};
use rustix::fs::OFlags;
use std::io::{Read as _, Write as _};

const NEW_DATABASE: &str = "apikeyd.redb.new";
const NEW_PEPPER: &str = "pepper.new";
const MARK: &str = "store-id";
const NEW_MARK: &str = "store-id.new";

/// Makes sure that pepper and database have their names, and gives the secrets.
pub(crate) fn establish(
    dir: &StateDir,
    source: &PepperSource,
    initial_state: InitialState<'_>,
) -> Result<Secrets, OpenError> {
    let has_database = dir.has(DATABASE)?;
    match source {
        PepperSource::Beside => match (dir.has(PEPPER)?, has_database) {
            (true, true) => pepper::read_beside(dir),
            (false, true) => Err(OpenError::PepperMissing { path: dir.at(PEPPER) }),
            (true, false) if dir.has(NEW_DATABASE)? => {
                let secrets = pepper::read_beside(dir)?;
                dir.publish(NEW_DATABASE, DATABASE)?;
                Ok(secrets)
            }
            (true, false) => Err(OpenError::DatabaseMissing { path: dir.at(DATABASE), mark: dir.at(PEPPER) }),
            // No pepper was ever beside it: it was a credential, which is not given any more.
            (false, false) if dir.has(MARK)? => {
                Err(OpenError::DatabaseMissing { path: dir.at(DATABASE), mark: dir.at(MARK) })
            }
            (false, false) => {
                let secrets = pepper::create(dir, NEW_PEPPER, initial_state.randomness)?;
                create_database(dir, &secrets, initial_state)?;
                dir.publish(NEW_PEPPER, PEPPER)?;
                dir.publish(NEW_DATABASE, DATABASE)?;
                Ok(secrets)
            }
        },
        PepperSource::Credential(path) => {
            let secrets = pepper::read_credential(path)?;
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

/// Holds the store's id against the one that was set up here; writes it down when there is none.
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
    database::create(backend(file, &path)?, &path, secrets, initial_state)?;
    synced.sync_all().map_err(failed("sync", &path))?;
    dir.sync()
}
