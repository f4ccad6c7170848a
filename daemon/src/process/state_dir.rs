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
        let kind = error.kind();
        let exit = if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
            Exit::Permission
        } else if matches!(kind, ErrorKind::AlreadyExists | ErrorKind::NotADirectory) {
            Exit::Configuration
        } else {
            Exit::InputOutput
        };
        let path = path.display();
        Failure::new(
            exit,
            format!("the state directory {path} cannot be made: {error}; name another with --state-dir"),
        )
    })
}
