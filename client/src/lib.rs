//! Asks `apikeyd` about API keys: for threads ([`Client`], no runtime) and, with the feature `tokio`, for
//! tasks (`AsyncClient`). Both do the same and share one exchange without IO.
//!
//! ```no_run
//! use apikeyd_client::{Client, Verdict};
//!
//! # fn main() -> Result<(), apikeyd_client::Error> {
//! let client = Client::connect()?;
//! match client.validate_text_operation("akd_1...", "GET", "/api/orders")? {
//!     Verdict::Valid(key) => println!("come in, {}", key.user),
//!     Verdict::Refused(refusal) => println!("stay out: {refusal}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The same for tokio; clones of the client share its connection, and its requests travel together:
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn example() -> Result<(), apikeyd_client::Error> {
//! use apikeyd_client::{AsyncClient, Verdict};
//!
//! let client = AsyncClient::connect().await?;
//! match client.validate_text_operation("akd_1...", "GET", "/api/orders").await? {
//!     Verdict::Valid(key) => println!("come in, {}", key.user),
//!     Verdict::Refused(refusal) => println!("stay out: {refusal}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A user's key is made in two steps, so that a key whose text got lost on the way is never active:
//!
//! ```no_run
//! # use apikeyd_client::{Client, Error, UserId, message::Generate, term::SaveMode};
//! # fn show(key: &str) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect()?;
//! let user = UserId::parse("alice@example.com")?;
//! let draft = client.generate(&Generate::new(user))?;
//! show(draft.key.expose());
//! client.save(draft.key_id, SaveMode::Add)?;
//! # Ok(())
//! # }
//! ```
//!
//! `examples/service.rs` is a small service that asks for each of its requests.
//!
//! # What a request costs and what it may do
//!
//! One time limit covers waiting, connecting, sending and the answer ([`Builder::timeout`], `with_timeout`); it
//! is kept to within 10 ms. A connection that breaks is made again, and what can be repeated without harm is
//! repeated: everything but `generate` and `backup`, which are sent again only if they cannot have reached the
//! daemon. A daemon that restarts under a request is waited for; where none listens to begin with, the error
//! comes at once. A refused key is a [`Verdict`], never an [`Error`]; without a verdict let nobody in.
//!
//! The server at the other end must be one that the caller has reason to trust
//! ([`Builder::require_server_uid`]). The key itself is not sent: its digest is, and buffers that held it are
//! wiped.
//!
//! # A process that changes its user
//!
//! The daemon gives rights to who connected. When the effective user or group, or the further groups, of the calling thread
//! are not those of the connection any more, the connection is closed at the next request and a new one is made: after a
//! `setuid` nothing is asked with root's rights. A connection that nothing is asked over stays open until then. Threads
//! that ask as different users, by the bare system calls, do not share connections; each request that follows one of
//! another user then costs a connection.
//!
//! What the process was told before, it knows: a client with a cache goes on accepting keys that it found good, for as long
//! as the daemon's page says that this stands, also when the new user could not ask. To look for a change of user
//! would cost a system call for each validation. Make the client after the change, or one
//! [without a cache](Builder::cache), where that matters.
//!
//! # Map
//!
//! | module | holds |
//! |---|---|
//! | `blocking`, `asynchronous` | the two clients |
//! | `cache` | verdicts that are used again while the daemon's revocation page says that they stand |
//! | `request` | for each operation: code, answer, whether it may be sent twice |
//! | `exchange` | the protocol of a connection, without IO |
//! | `retry`, `deadline` | what is tried again, and until when |
//! | `endpoint`, `socket`, `peer` | where the daemon is, and who is believed to be it |
//! | `fork` | what a forked child must not share with its parent |
//! | `credentials` | the credentials under which a connection was made |
//!
//! Every validation passes one place in each client, `judge`, before it becomes a request.

#[cfg(feature = "tokio")]
mod asynchronous;
mod blocking;
mod builder;
mod cache;
mod credentials;
mod deadline;
mod descriptor;
mod endpoint;
mod error;
mod exchange;
mod fork;
mod lock;
mod peer;
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
pub use apikeyd_protocol::term;
pub use apikeyd_protocol::time::Timestamp;
#[cfg(feature = "tokio")]
pub use asynchronous::AsyncClient;
pub use blocking::{Backup, Client};
pub use builder::{Builder, DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT};
pub use cache::{CacheStatistics, DEFAULT_CACHE_ENTRIES, MAX_USE_REPORT_INTERVAL, MIN_USE_REPORT_INTERVAL};
pub use endpoint::default_socket;
pub use error::{Error, ProtocolError, Waiting};
pub use request::PolicyAnswer;
pub use verdict::{Refusal, ValidKey, Verdict};
