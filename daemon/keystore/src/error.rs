//! Why the store cannot do something now.

use apikeyd_protocol::key::KeyId;
use std::io;

/// Why the store cannot do something now. Cloned for every command of a failed batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk is full or failing. Reads continue, changes are refused until it is repaired.
    #[error("the storage is not available: {cause}")]
    Unavailable {
        /// The system's error message.
        cause: String,
        /// The same for programs.
        kind: io::ErrorKind,
    },
    /// The copy for a backup cannot be written. The database itself is unaffected.
    #[error("the copy cannot be written: {0}")]
    NoCopy(String),
    /// Bytes on disk are not what the daemon wrote.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Too many changes are waiting.
    #[error("too many changes wait for the disk")]
    Busy,
    /// The work was abandoned because nobody waits for it any more.
    #[error("the caller is gone")]
    Abandoned,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The storage does not work; the cause in words.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        Self::Unavailable { cause: cause.into(), kind: io::ErrorKind::Other }
    }

    /// A record whose seal or layout is wrong.
    pub(crate) fn record(key_id: KeyId) -> impl FnOnce(Malformed) -> Self {
        move |malformed| Self::Damaged(format!("the record of key {key_id}: {malformed}"))
    }

    /// An audit row whose layout is wrong.
    pub(crate) fn row(revision: u64) -> impl FnOnce(Malformed) -> Self {
        move |malformed| Self::Damaged(format!("audit row {revision}: {malformed}"))
    }

    fn of(error: redb::Error) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "redb's enum is non-exhaustive")]
        match error {
            redb::Error::Corrupted(detail) => Self::Damaged(detail),
            redb::Error::DatabaseClosed => Self::Closed,
            redb::Error::Io(error) => Self::Unavailable { cause: error.to_string(), kind: error.kind() },
            other => Self::unavailable(other.to_string()),
        }
    }
}

macro_rules! from_redb {
    ($($error:ident)*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::of(error.into())
            }
        }
    )*};
}
from_redb!(StorageError TableError TransactionError CommitError DatabaseError);

/// A value's bytes do not have the right layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes do not have the layout of their version")]
pub(crate) struct Malformed;
