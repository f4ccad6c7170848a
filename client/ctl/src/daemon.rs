//! The client of the daemon, and the exit codes of its errors.

use crate::failure::{Exit, Failure};
use crate::request::Connection;
use apikeyd_client::{Builder, Client, DEFAULT_CACHE_ENTRIES, Error, Status, Waiting, WelcomeCode};
use apikeyd_protocol::socket::{MAX_SOCKET_PATH_BYTES, SOCKET_VARIABLE};
use std::time::Duration;

/// Timeout of requests that read the whole database, unless `--timeout` is given.
const LONG_TIMEOUT: Duration = Duration::from_secs(600);

/// A client of the daemon. The first request connects.
///
/// # Errors
/// [`Failure`] when the path cannot be a socket's.
pub(crate) fn client(connection: &Connection) -> Result<Client, Failure> {
    // One command validates once: it would fetch what a cache needs and then exit.
    build(Client::builder().cache(false), connection)
}

/// A client whose cache has room for this many keys.
///
/// # Errors
/// As [`client`].
pub(crate) fn cached_client(connection: &Connection, keys: usize) -> Result<Client, Failure> {
    // Half empty, so that few keys are evicted for others that fall on the same slots.
    let entries = keys.saturating_mul(2).max(DEFAULT_CACHE_ENTRIES);
    build(Client::builder().cache_entries(entries), connection)
}

fn build(mut builder: Builder, connection: &Connection) -> Result<Client, Failure> {
    if let Some(socket) = &connection.socket {
        builder = builder.socket(socket);
    }
    if let Some(timeout) = connection.timeout {
        builder = builder.timeout(timeout);
    }
    builder.build().map_err(Failure::from)
}

/// A client for one request that reads or copies the whole database.
///
/// # Errors
/// As [`client`].
pub(crate) fn patient_client(connection: &Connection) -> Result<Client, Failure> {
    Ok(client(connection)?.with_timeout(connection.timeout.unwrap_or(LONG_TIMEOUT)))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = in_terms_of_the_command_line(&error).unwrap_or_else(|| error.to_string());
        Self::new(exit_of(&error), message)
    }
}

/// The client's messages name methods of its builder; here some of these have an option instead.
fn in_terms_of_the_command_line(error: &Error) -> Option<String> {
    if let Error::SocketPath { path } = error {
        return Some(format!(
            "{path:?} cannot be a socket's path: give 1 to {MAX_SOCKET_PATH_BYTES} bytes with --socket or in {SOCKET_VARIABLE}"
        ));
    }
    if let Error::NotASocket { path, kind } = error {
        let path = path.display();
        return Some(format!(
            "{path} is {kind} and not a socket: name the daemon's with --socket or in {SOCKET_VARIABLE}"
        ));
    }
    if let Error::WrongServer { socket, uid } = error {
        let socket = socket.display();
        return Some(format!(
            "the server at {socket} runs as uid {uid}, which is not trusted there, so nothing was sent: check who \
             made that socket"
        ));
    }
    if let Error::TimedOut { timeout, waiting } = error {
        return Some(format!(
            "the daemon gave no answer within {timeout:?}, while {waiting}: look at its journal, or allow more time \
             with --timeout"
        ));
    }
    None
}

fn exit_of(error: &Error) -> Exit {
    match error {
        Error::SocketPath { .. } | Error::TooLong { .. } => Exit::Usage,
        Error::Unreachable { .. }
        | Error::NotASocket { .. }
        | Error::WrongServer { .. }
        | Error::NoWelcome { .. }
        | Error::TimedOut { waiting: Waiting::Connect | Waiting::Welcome, .. } => Exit::Unreachable,
        Error::TimedOut { .. } | Error::ConnectionLost { .. } => Exit::TryAgain,
        Error::SocketForbidden { .. } => Exit::NotPermitted,
        Error::Refused { code: WelcomeCode::NotPermitted, .. } => Exit::NotPermitted,
        Error::Refused { code: WelcomeCode::TooManyConnections | WelcomeCode::ShuttingDown, .. } => {
            Exit::TryAgain
        }
        Error::Answered { status, .. } => exit_of_status(*status),
        // A daemon of another version, bytes of another protocol, a system out of descriptors.
        Error::Refused { .. } | Error::Protocol(_) | Error::System { .. } | _ => Exit::Internal,
    }
}

fn exit_of_status(status: Status) -> Exit {
    match status {
        Status::BadRequest | Status::InvalidArgument => Exit::Usage,
        Status::NotPermitted => Exit::NotPermitted,
        Status::NotFound => Exit::NotFound,
        Status::Conflict => Exit::Conflict,
        Status::Busy | Status::StorageUnavailable | Status::ShuttingDown => Exit::TryAgain,
        Status::InvalidConfiguration => Exit::Refused,
        // `Ok` is not a failure, and nothing says that a status of a later version is worth a repetition.
        Status::Ok | Status::UnknownOpcode | Status::Damaged | Status::Internal | Status::Other(_) | _ => {
            Exit::Internal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_exit_code() {
        let numbers = [70, 2, 70, 77, 3, 4, 2, 75, 75, 75, 1, 70, 70];
        assert_eq!(Status::ALL.len(), numbers.len(), "a status without an exit code");
        for (status, number) in Status::ALL.iter().copied().zip(numbers).chain([(Status::Other(999), 70)]) {
            let failure = Failure::from(Error::Answered { status, message: "words".into() });
            assert_eq!(failure.exit.number(), number, "{status}");
            assert_eq!(failure.message, "words");
        }
    }
}
