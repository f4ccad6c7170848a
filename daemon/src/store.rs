//! The database of keys and of the audit. No other module names redb.

mod open_error;

pub use open_error::{ExitClass, OpenError};

use std::path::PathBuf;

/// Where the pepper comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PepperSource {
    /// The file `pepper` beside the database, made at the first start.
    Beside,
    /// A file that somebody else provides, such as systemd's `$CREDENTIALS_DIRECTORY/pepper`.
    Credential(PathBuf),
}
