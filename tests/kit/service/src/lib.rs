//! The daemon's service in a test's own process, asked without a socket.
//!
//! It stands beside the kit because it links the daemon. Where the database is, is the caller's matter: a file, an image
//! in memory, a disk that lies.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a kit that cannot go on says so at once and ends the test"
)]

mod filling;
mod session;

pub use filling::fill;
pub use session::{Question, Session, told};

use apikeyd::operations::{ErrorKind, Permit, Service, ServiceError, authorise};
use apikeyd::peer::Peer;
use apikeyd_kit::life::{Action, Answer, Refused};
use apikeyd_protocol::message::{CredentialsChanged, Delete, DeleteUser, Save};
use apikeyd_protocol::right::{Right, RightSet, RightType, types};
use apikeyd_protocol::term::Actor;
use apikeyd_protocol::time::Timestamp;

/// 2025-01-01T00:00:00Z: where the clocks of tests begin.
pub const START: Timestamp = Timestamp::from_unix_millis(1_735_689_600_000);

/// An administrator's rights.
pub const ADMIN: RightSet = RightSet::EMPTY.with(Right::Admin);

/// A caller's process, which is the same for every caller.
const PID: u32 = 4711;

/// A caller of this user.
#[must_use]
pub fn peer(uid: u32) -> Peer {
    Peer { uid, gid: uid, pid: PID, groups: Box::default() }
}

/// The same as the audit names it.
#[must_use]
pub const fn actor(uid: u32) -> Actor {
    Actor::Peer { uid, gid: uid, pid: PID }
}

/// A permit for a caller with all rights, as of now.
#[must_use]
pub fn permit<R: RightType>(service: &Service, peer: &Peer) -> Permit<R> {
    authorise(service.standing(|| ADMIN), peer).expect("a caller with all rights")
}

/// How the service says what the reference model says.
#[must_use]
pub const fn kind(refused: Refused) -> ErrorKind {
    match refused {
        Refused::NotPermitted => ErrorKind::NotPermitted,
        Refused::NotFound => ErrorKind::NotFound,
        Refused::Conflict => ErrorKind::Conflict,
        Refused::InvalidArgument => ErrorKind::InvalidArgument,
    }
}

/// Asks the service for a change of the reference model.
///
/// # Errors
/// As the service.
pub async fn carry_out(service: &Service, uid: u32, action: Action) -> Result<Answer, ServiceError> {
    let permit: Permit<types::Issue> = permit(service, &peer(uid));
    match action {
        Action::Save { key_id, mode } => service
            .save(&permit, Save::new(key_id, mode))
            .await
            .map(|saved| Answer::Saved { state: saved.key.state, replaced: saved.replaced }),
        Action::Delete { key_id } => {
            service.delete(&permit, Delete::new(key_id)).await.map(|deleted| Answer::Deleted(deleted.outcome))
        }
        Action::Credentials { user, cause } => service
            .credentials_changed(&permit, CredentialsChanged::new(user, cause))
            .await
            .map(Answer::Ended),
        Action::DeleteUser { user } => {
            service.delete_user(&permit, DeleteUser::new(user)).await.map(Answer::Ended)
        }
    }
}
