//! Errors between a caller and the daemon. A refused key is not an error: it is a verdict.

use apikeyd_protocol::codec::DecodeError;
use apikeyd_protocol::frame::{Status, TooLarge};
use apikeyd_protocol::hello::{GreetingError, Version, WelcomeCode};
use apikeyd_protocol::name::NameError;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::socket::{MAX_SOCKET_PATH_BYTES, SOCKET_VARIABLE};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a request has no usable answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path cannot name a socket. Found before any IO.
    #[error(
        "{path:?} cannot be a socket's path: give 1 to {MAX_SOCKET_PATH_BYTES} bytes without a zero byte, \
         in the builder or in {SOCKET_VARIABLE}"
    )]
    SocketPath {
        /// The path that was given.
        path: PathBuf,
    },
    /// Something else has that name. It was not touched.
    #[error("{} is {kind} and not a socket: name the daemon's socket in the builder or in {SOCKET_VARIABLE}", path.display())]
    NotASocket {
        /// The path that was given.
        path: PathBuf,
        /// What is there, with its article.
        kind: &'static str,
    },
    /// Nobody listens there.
    #[error("no daemon listens at {}: start apikeyd or set {SOCKET_VARIABLE} ({source})", socket.display())]
    Unreachable {
        /// Where the daemon was looked for.
        socket: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// This process may not open the socket.
    #[error(
        "this user may not open {}: an administrator can add it to the group of the socket ({source})",
        socket.display()
    )]
    SocketForbidden {
        /// The socket.
        socket: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A server listens there that is not trusted to be the daemon; nothing was sent.
    #[error(
        "the server at {} runs as uid {uid}, which is not trusted there: check who made that socket, and if \
         it is the daemon, name its uid with require_server_uid",
        socket.display()
    )]
    WrongServer {
        /// The socket.
        socket: PathBuf,
        /// The server's user, as the kernel reports it.
        uid: u32,
    },
    /// The server closed the connection instead of answering the hello.
    #[error("the server at {} closed the connection before its welcome: its journal may say why", socket.display())]
    NoWelcome {
        /// The socket.
        socket: PathBuf,
        /// The system's error, unless the server closed the connection.
        source: Option<io::Error>,
    },
    /// The daemon answered the hello with a refusal.
    #[error(
        "{code} (the daemon speaks version {version} of the protocol, this client {})",
        apikeyd_protocol::hello::VERSION
    )]
    Refused {
        /// The refusal.
        code: WelcomeCode,
        /// The daemon's version.
        version: Version,
    },
    /// The timeout of the whole request has passed. A request that changes something may have taken effect.
    #[error(
        "the daemon gave no answer within {timeout:?}, while {waiting}: look at its status, or allow more time"
    )]
    TimedOut {
        /// The timeout.
        timeout: Duration,
        /// What the request was waiting for when it passed.
        waiting: Waiting,
    },
    /// The connection broke before the answer came. The request may have taken effect.
    #[error(
        "the connection to the daemon broke before the answer to {opcode}: it may have been done or not; ask again"
    )]
    ConnectionLost {
        /// The operation.
        opcode: Opcode,
        /// The system's error, unless the server closed the connection.
        source: Option<io::Error>,
    },
    /// The daemon answered with another status than `Ok`: the request had no effect.
    #[error("{message}")]
    Answered {
        /// The status, for programs.
        status: Status,
        /// The daemon's message, for people.
        message: String,
    },
    /// The request is longer than the daemon accepts; nothing was sent.
    #[error("{opcode} does not fit the {limit} bytes that the daemon reads: shorten it")]
    TooLong {
        /// The operation.
        opcode: Opcode,
        /// The longest body that the daemon accepts, in bytes.
        limit: usize,
    },
    /// The answer is not of this protocol. The connection was closed.
    #[error("the daemon's bytes are not this protocol: {0}; check that client and daemon fit together")]
    Protocol(#[from] ProtocolError),
    /// Another system call failed: no more descriptors, no memory.
    #[error("the system refused {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

/// What a request was waiting for when its timeout passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Waiting {
    /// For one of this client's connections, which were all in use.
    #[error("waiting for a free connection of this client")]
    Connection,
    /// For the daemon to accept the connection.
    #[error("connecting")]
    Connect,
    /// For the welcome.
    #[error("waiting for the welcome")]
    Welcome,
    /// For space to send.
    #[error("sending")]
    Send,
    /// For the answer.
    #[error("waiting for the answer")]
    Answer,
}

/// Bytes that the daemon would not send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// Not a welcome.
    #[error("{0}")]
    Greeting(#[from] GreetingError),
    /// A welcome that accepts with a version this client did not offer.
    #[error("it chose version {0}, which was not offered")]
    Version(Version),
    /// A welcome that allows no requests.
    #[error("it allows no requests on a connection")]
    NothingAllowed,
    /// A frame that is longer than the protocol allows.
    #[error("{0}")]
    Oversize(#[from] TooLarge),
    /// An answer to a request that nobody waits for.
    #[error("an answer to request {0}, which nobody waits for")]
    UnknownRequest(u64),
    /// An answer that names another operation than its request.
    #[error("an answer to {asked} names operation {answered}")]
    WrongOpcode {
        /// The operation.
        asked: Opcode,
        /// The operation that the answer names.
        answered: u16,
    },
    /// A body that is not the message its opcode promises.
    #[error("{0}")]
    Body(#[from] DecodeError),
    /// A user id or a label that is not valid.
    #[error("a name that {0}")]
    Name(#[from] NameError),
    /// A backup without its descriptor.
    #[error("the backup came without its descriptor")]
    NoDescriptor,
}

impl Error {
    /// Whether the same request may succeed later, unchanged.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::NoWelcome { .. }
            | Self::TimedOut { .. }
            | Self::ConnectionLost { .. } => true,
            Self::Refused { code, .. } => {
                matches!(code, WelcomeCode::TooManyConnections | WelcomeCode::ShuttingDown)
            }
            Self::Answered { status, .. } => status.is_retryable(),
            Self::SocketPath { .. }
            | Self::NotASocket { .. }
            | Self::SocketForbidden { .. }
            | Self::WrongServer { .. }
            | Self::TooLong { .. }
            | Self::Protocol(_)
            | Self::System { .. } => false,
        }
    }

    /// The status, if the daemon answered with one.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        if let Self::Answered { status, .. } = self { Some(*status) } else { None }
    }
}
