//! The pepper as a credential of the service manager (systemd.exec(5)).

use crate::exit::{Exit, Failure};
use crate::operations::PepperSource;
use rustix::fs::{lstat, stat};
use rustix::io::Errno;
use std::env;
use std::path::PathBuf;

/// Where the service manager puts credentials.
const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
const NAME: &str = "pepper";

/// `$CREDENTIALS_DIRECTORY/pepper` if anything of that name is there, else the file beside the database.
///
/// # Errors
/// When it cannot be known whether it is there: with another pepper, no key would be valid.
pub(super) fn pepper() -> Result<PepperSource, Failure> {
    let directory = env::var_os(DIRECTORY).filter(|directory| !directory.is_empty());
    let Some(directory) = directory.map(PathBuf::from) else { return Ok(PepperSource::Beside) };
    let path = directory.join(NAME);
    let found = lstat(&path).map(|_| true).or_else(|errno| match errno {
        // No such credential is one thing, no such directory another.
        Errno::NOENT => stat(&directory).map(|_| false),
        other => Err(other),
    });
    match found {
        Ok(true) => Ok(PepperSource::Credential(path)),
        Ok(false) => Ok(PepperSource::Beside),
        Err(errno) => {
            let cause = std::io::Error::from(errno);
            let message = format!(
                "{}: it cannot be known whether the service manager gives the pepper as a credential: {cause}; mend the \
                 directory, or unset {DIRECTORY}",
                path.display()
            );
            Err(Failure::new(Exit::Configuration, message))
        }
    }
}
