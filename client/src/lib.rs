//! The client of apikeyd: validates API keys, and issues and revokes them, over the local daemon's
//! socket. [`Client`] blocks and needs no runtime; `AsyncClient`, with the feature `tokio`, does the same in tasks.
//!
//! ```no_run
//! use apikeyd_client::{Client, Operation, Verdict};
//!
//! # fn main() -> Result<(), apikeyd_client::Error> {
//! let client = Client::connect()?; // once; clones are cheap
//! # let presented = "akd_1...";
//! match client.authorize(presented, Operation::new("GET", "/api/orders"))? {
//!     Verdict::Valid(key) => println!("come in, {}", key.user),
//!     Verdict::Refused(refusal) => println!("stay out: {refusal}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The same for tokio; clones of the client share one connection, and their requests are pipelined:
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn example() -> Result<(), apikeyd_client::Error> {
//! use apikeyd_client::{AsyncClient, Operation, Verdict};
//!
//! let client = AsyncClient::connect().await?;
//! # let presented = "akd_1...";
//! match client.authorize(presented, Operation::new("GET", "/api/orders")).await? {
//!     Verdict::Valid(key) => println!("come in, {}", key.user),
//!     Verdict::Refused(refusal) => println!("stay out: {refusal}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A key is issued in two steps, so that a key that was lost before its user saw it is never active:
//!
//! ```no_run
//! # use apikeyd_client::{Client, Generate, SaveMode, UserId};
//! # fn show(key: &str) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect()?;
//! let draft = client.generate(&Generate::new(UserId::parse("alice@example.com")?))?;
//! show(draft.key.expose());
//! client.save(draft.key_id, SaveMode::Add)?;
//! # Ok(())
//! # }
//! ```
//!
//! `examples/service.rs` is a small service that authorizes each of its requests.
//!
//! # What is here
//!
//! | for | names |
//! |---|---|
//! | the clients | [`Client`], `AsyncClient`, [`Builder`], [`default_socket`], [`DEFAULT_TIMEOUT`], [`DEFAULT_CONNECTIONS`] |
//! | the cache | [`CacheStatistics`], [`DEFAULT_CACHE_ENTRIES`], [`MIN_USE_REPORT_INTERVAL`], [`MAX_USE_REPORT_INTERVAL`] |
//! | keys and names | [`ApiKey`], [`PresentedKey`], [`KeyFormatError`], [`looks_like_key`], [`KeyId`], [`KeyIdError`], [`UserId`], [`Label`], [`NameError`], [`Timestamp`] |
//! | validating | [`Verdict`], [`ValidKey`], [`Refusal`], [`RevocationCause`], [`Operation`] |
//! | issuing and revoking | [`Generate`], [`Generated`], [`SaveMode`], [`Saved`], [`Deleted`], [`DeleteOutcome`], [`CredentialsCause`], [`UserRevoked`] |
//! | looking keys up | [`List`], [`MAX_PAGE_ITEMS`], [`KeyPage`], [`KeyRecord`], [`KeyState`] |
//! | the audit | [`AuditList`], [`AuditPage`], [`AuditRow`], [`AuditEvent`], [`Actor`], [`AuditHead`], [`AuditReport`], [`AuditFault`] |
//! | the policy | [`PolicyPage`], [`PolicyRow`], [`PolicyAnswer`], [`PolicyVerdict`] |
//! | the daemon | [`DaemonStatus`], [`StoreState`], [`FilesInForce`], [`Statistics`], [`Reloaded`], [`Backup`], [`BackupReady`], [`Right`], [`RightSet`] |
//! | errors | [`Error`], [`Status`], [`WelcomeCode`], [`Opcode`], [`Version`], [`Waiting`], [`ProtocolError`] |
//!
//! # Timeouts and repetition
//!
//! One timeout covers waiting for a connection, connecting, sending and the answer ([`Builder::timeout`], `with_timeout`);
//! it is kept to within 10 ms. A broken connection is replaced, and a request is sent again if repeating it does no harm:
//! all but `generate` and `backup`, which are sent again only if they cannot have reached the daemon. A request waits for a
//! daemon that restarts under it; where no daemon listens to begin with, the error comes at once. A refused key is a
//! [`Verdict`], never an [`Error`]; without a verdict let nobody in.
//!
//! # Trust
//!
//! The server at the other end must be one that the caller has reason to trust ([`Builder::require_server_uid`]). The key
//! itself is not sent: its digest is. Buffers that held a key or a digest are wiped.
//!
//! # A process that changes its user
//!
//! The daemon gives rights to the process that connected. When the effective user or group, or the supplementary groups,
//! of the calling thread are no longer those of the connection, the connection is closed at the next request and a new one
//! is made: after a `setuid` no request has root's rights. An unused connection stays open until then. Threads that
//! run as different users, by the bare system calls, do not share connections; each request that follows one of another
//! user then costs a connection.
//!
//! The cache is not affected: it goes on accepting keys that it knows to be valid for as long as the daemon's page says that
//! the verdicts are fresh, also when the new user could not ask. Looking for a change of user would cost a system call for
//! each validation. Make the client after the change, or one [without a cache](Builder::cache), where that matters.
//!
//! # Map
//!
//! | module | holds |
//! |---|---|
//! | `blocking`, `asynchronous` | the two clients: validation, backup, connections |
//! | `operations` | all other operations, once for both |
//! | `pool` | the connections of a blocking client |
//! | `presented` | a key as its holder presents it |
//! | `cache` | verdicts that are used again while the daemon's revocation page says that they are fresh |
//! | `request` | for each operation: code, answer, whether it may be sent twice |
//! | `exchange` | the protocol of a connection, without IO |
//! | `retry`, `deadline` | whether a request is tried again, and its timeout |
//! | `endpoint`, `socket`, `peer` | where the daemon is, and which server is trusted to be it |
//! | `fork` | what a forked child must not share with its parent |
//! | `credentials` | the credentials under which a connection was made |
//!
//! Every validation passes one place in each client, `judge`, before it becomes a request.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "tokio")]
mod asynchronous;
mod backup;
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
mod operations;
mod peer;
mod pool;
mod presented;
mod request;
mod retry;
mod socket;
mod verdict;

#[cfg(feature = "tokio")]
pub use asynchronous::AsyncClient;
pub use backup::Backup;
pub use blocking::Client;
pub use builder::{Builder, DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT};
pub use cache::{CacheStatistics, DEFAULT_CACHE_ENTRIES, MAX_USE_REPORT_INTERVAL, MIN_USE_REPORT_INTERVAL};
pub use endpoint::default_socket;
pub use error::{Error, ProtocolError, Waiting};
pub use presented::PresentedKey;
pub use request::PolicyAnswer;
pub use verdict::{Refusal, ValidKey, Verdict};

// Of the protocol: what a caller names in requests and answers, and nothing of the wire.
pub use apikeyd_protocol::frame::Status;
pub use apikeyd_protocol::hello::{Version, WelcomeCode};
pub use apikeyd_protocol::key::{ApiKey, KeyFormatError, KeyId, KeyIdError, looks_like_key};
pub use apikeyd_protocol::limit::MAX_PAGE_ITEMS;
pub use apikeyd_protocol::message::{
    AuditList, AuditPage, AuditReport, BackupReady, DaemonStatus, DeleteOutcome, Deleted, FilesInForce,
    Generate, Generated, KeyPage, KeyRecord, List, Operation, PolicyPage, PolicyRow, PolicyVerdict, Reloaded,
    Saved, Statistics, StoreState, UserRevoked,
};
pub use apikeyd_protocol::name::{Label, NameError, UserId};
pub use apikeyd_protocol::operation::Opcode;
pub use apikeyd_protocol::right::{Right, RightSet};
pub use apikeyd_protocol::term::{
    Actor, AuditEvent, AuditFault, AuditHead, AuditRow, CredentialsCause, KeyState, RevocationCause, SaveMode,
};
pub use apikeyd_protocol::time::Timestamp;
