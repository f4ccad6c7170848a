//! Why a store cannot be opened, and what to do about it.

use crate::domain::Lost;
use std::io;
use std::path::PathBuf;

/// Why a store cannot be opened. Each message says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The state directory does not exist.
    #[error("the state directory {} does not exist: create it with mode 0700 for the daemon's user", path.display())]
    StateDirMissing {
        /// The directory.
        path: PathBuf,
    },
    /// The state directory is not a directory.
    #[error("{} is not a directory: give the daemon its own directory", path.display())]
    StateDirNotDirectory {
        /// What was named.
        path: PathBuf,
    },
    /// Others have access to the state directory.
    #[error(
        "the state directory {} has mode {mode:04o} and so is open to other users: chmod it to 0700, and check \
         who could read or change it until now", path.display()
    )]
    StateDirTooOpen {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Another daemon uses the store.
    #[error(
        "another apikeyd uses {}: stop it first, or use another state directory", path.display()
    )]
    InUse {
        /// The state directory or the database.
        path: PathBuf,
    },
    /// There is a pepper but no database.
    #[error(
        "the database {} is missing, though this store was set up before: put it back (from a backup, with mode \
         0600); to start over and lose all keys, remove {}", path.display(), mark.display()
    )]
    DatabaseMissing {
        /// The database.
        path: PathBuf,
        /// The file that shows that it existed.
        mark: PathBuf,
    },
    /// There is a database but no pepper.
    #[error(
        "the pepper {} is missing, without which no key in the database can be checked: put back the pepper that \
         belongs to this database; if it was a credential (LoadCredentialEncrypted= in the unit), give that again",
        path.display()
    )]
    PepperMissing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The pepper is not 32 bytes long.
    #[error("the pepper {} has {bytes} bytes instead of 32: put back the right file", path.display())]
    PepperLength {
        /// The pepper.
        path: PathBuf,
        /// Its length; 33 represents every longer one.
        bytes: usize,
    },
    /// The database was made with another pepper.
    #[error(
        "the pepper {} is not the one that the database was made with: put the right pepper or the right \
         database in place", path.display()
    )]
    WrongPepper {
        /// The pepper.
        path: PathBuf,
    },
    /// A name that should be a plain file is something else.
    #[error("{} is {is}, not a plain file: put the file itself there", path.display())]
    NotAFile {
        /// The name.
        path: PathBuf,
        /// What it is.
        is: &'static str,
    },
    /// A file is open to other users.
    #[error(
        "{} has mode {mode:04o} and so is open to other users: chmod it to 0600, and check who could read or \
         change it until now", path.display()
    )]
    ModeTooOpen {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file belongs to another user.
    #[error(
        "{} belongs to uid {owner} and the daemon runs as uid {wanted}: run it as the owner, or chown the file",
        path.display()
    )]
    ForeignOwner {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The daemon's user.
        wanted: u32,
    },
    /// The kernel refuses to open a file.
    #[error("no permission for {}: it must be readable and writable by the daemon's user", path.display())]
    NoPermission {
        /// The file.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The file, or the file system it is on, cannot be written.
    #[error(
        "{} is read-only: make the file (chmod 0600) and its file system writable", path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk with {} is full: free some space, at least 10 MiB", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// The database is an empty file.
    #[error("the database {} is empty: restore it from a backup", path.display())]
    DatabaseEmpty {
        /// The database.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error(
        "{} is not a redb database: restore the database from a backup, or name another state directory",
        path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A redb database of another program.
    #[error("{} is a redb database of another program: name another state directory", path.display())]
    NotOurs {
        /// The database.
        path: PathBuf,
    },
    /// The database is damaged: truncated, or altered from outside.
    #[error("the database {} is damaged ({detail}): restore it from a backup", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A newer daemon wrote the database.
    #[error(
        "the database {} has schema {found} and this apikeyd knows up to {known}: use the newer apikeyd, or a \
         backup from before the upgrade", path.display()
    )]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// The schema found.
        found: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// This is another store's database.
    #[error(
        "{} is the database of another store than the one that was set up here: put the right one back; if the \
         change is meant, remove {}", path.display(), mark.display()
    )]
    OtherStore {
        /// The database.
        path: PathBuf,
        /// The file with the id of the store that was set up here.
        mark: PathBuf,
    },
    /// A file that was in force is lost, and without it something would be allowed that was denied.
    #[error("{0}")]
    FilesLost(Lost),
    /// The system provides no random bytes.
    #[error("the system provides no random bytes: {0}")]
    Randomness(getrandom::Error),
    /// Any other failure of a system call.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
}

/// Who has to act on a failed start, in the terms of sysexits(3), which systemd shows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenErrorClass {
    /// The data are not what they should be (65).
    Data,
    /// Another daemon is in the way (69).
    Unavailable,
    /// The system failed (74).
    Io,
    /// Permissions (77).
    Permission,
    /// The configuration (78).
    Config,
}

impl OpenErrorClass {
    /// The exit code of sysexits(3).
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::Io => 74,
            Self::Permission => 77,
            Self::Config => 78,
        }
    }
}

impl OpenError {
    /// The daemon's exit code.
    #[must_use]
    pub const fn class(&self) -> OpenErrorClass {
        match self {
            Self::StateDirMissing { .. } | Self::StateDirNotDirectory { .. } | Self::FilesLost(_) => {
                OpenErrorClass::Config
            }
            Self::StateDirTooOpen { .. }
            | Self::ModeTooOpen { .. }
            | Self::ForeignOwner { .. }
            | Self::NoPermission { .. } => OpenErrorClass::Permission,
            Self::InUse { .. } => OpenErrorClass::Unavailable,
            Self::DatabaseMissing { .. }
            | Self::PepperMissing { .. }
            | Self::PepperLength { .. }
            | Self::WrongPepper { .. }
            | Self::NotAFile { .. }
            | Self::DatabaseEmpty { .. }
            | Self::NotADatabase { .. }
            | Self::NotOurs { .. }
            | Self::Damaged { .. }
            | Self::NewerSchema { .. }
            | Self::OtherStore { .. } => OpenErrorClass::Data,
            Self::ReadOnly { .. } | Self::DiskFull { .. } | Self::Randomness(_) | Self::Io { .. } => {
                OpenErrorClass::Io
            }
        }
    }
}
