//! Asks `apikeyd` about API keys: for threads ([`Client`], no runtime) and, with the feature `tokio`, for
//! tasks (`AsyncClient`). Both do the same and share one exchange without IO.
//!
//! | module | holds |
//! |---|---|
//! | `blocking`, `asynchronous` | the two clients |
//! | `request` | for each operation: code, answer, whether it may be sent twice |
//! | `exchange` | the protocol of a connection, without IO |
//! | `retry`, `deadline` | what is tried again, and until when |
//! | `endpoint`, `socket`, `peer` | where the daemon is, and who is believed to be it |
//! | `process` | what a forked child must not share |

#[cfg(feature = "tokio")]
mod asynchronous;
mod blocking;
mod builder;
mod deadline;
mod descriptor;
mod endpoint;
mod error;
mod exchange;
mod peer;
mod process;
mod request;
mod retry;
mod socket;
mod verdict;

pub use apikeyd_protocol::frame::Status;
pub use apikeyd_protocol::hello::WelcomeCode;
pub use apikeyd_protocol::key::{ApiKey, KeyFormatError, KeyId};
pub use apikeyd_protocol::message;
pub use apikeyd_protocol::name::{Label, UserId};
pub use apikeyd_protocol::right::{Right, RightSet};
pub use apikeyd_protocol::time::Timestamp;
#[cfg(feature = "tokio")]
pub use asynchronous::AsyncClient;
pub use blocking::{Backup, Client};
pub use builder::{Builder, DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT};
pub use endpoint::default_socket;
pub use error::{Error, ProtocolError, Waiting};
pub use request::PolicyAnswer;
pub use verdict::{Refusal, ValidKey, Verdict};
