//! The state directory of a first start.

use crate::exit::{Exit, Failure};
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Makes the directory, private, when it is missing. One that is there is checked by the store.
pub(super) fn make(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Exit::Permission,
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Exit::Configuration,
            _ => Exit::InputOutput,
        };
        let path = path.display();
        Failure::new(
            exit,
            format!("the state directory {path} cannot be made: {error}; name another with --state-dir"),
        )
    })
}
