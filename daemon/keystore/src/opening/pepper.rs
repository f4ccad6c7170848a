//! The pepper: 32 random bytes without which the database's hashes are worth nothing.

use crate::open_error::OpenError;
use crate::parts::Randomness;
use crate::secrets::{KEY, Secrets};
use crate::state_dir::{StateDir, failed, open_plain};
use rustix::fs::{CWD, OFlags};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

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
pub(crate) fn read_beside(dir: &StateDir) -> Result<Secrets, OpenError> {
    let (file, _) = dir.open_private(PEPPER, OFlags::RDONLY)?;
    read(file, &dir.at(PEPPER))
}

/// Reads a pepper that somebody else provides. Its owner and group are theirs to choose (systemd gives a file
/// of root's with an access list); that all the world may read it is not.
pub(crate) fn read_credential(path: &Path) -> Result<Secrets, OpenError> {
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
    // One byte more than wanted, so that a longer file is noticed. Fixed, so that no copy is left behind.
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

/// Draws a pepper and writes it, durably, under a name that is not yet the final one.
pub(crate) fn create(dir: &StateDir, name: &str, randomness: &Randomness) -> Result<Secrets, OpenError> {
    let mut pepper = Zeroizing::new([0; KEY]);
    randomness.fill(&mut *pepper).map_err(OpenError::Randomness)?;
    let mut file = dir.create_private(name)?;
    file.write_all(&*pepper).and_then(|()| file.sync_all()).map_err(failed("write", &dir.at(name)))?;
    Ok(Secrets::derive(&pepper))
}
