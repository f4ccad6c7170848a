//! Users that are not the daemon's. A thread of root becomes one of them for good; the kernel names the user of the
//! thread that connects.

use apikeyd_kit::users;
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use std::thread::{self, JoinHandle};

/// Who validates while others attack.
pub const VICTIM: u32 = 4301;

/// Who attacks alone.
pub const ATTACKER: u32 = 4400;

/// Who attacks together: with 64 places each they are fewer than the daemon's 1,024 by the places of one of them.
pub const GANG: core::ops::Range<u32> = 4401..4416;

/// Who asks for all that is costly, together: they have all rights.
pub const CROWD: core::ops::Range<u32> = 4420..4428;

/// Who makes and revokes keys while others attack.
pub const ISSUER: u32 = 4302;

/// Who takes backups while others attack.
pub const ADMIN: u32 = 4303;

/// Who attacks with the right to issue.
pub const ATTACKING_ISSUER: u32 = 4430;

/// Who attacks with all rights.
pub const ATTACKING_ADMIN: u32 = 4431;

/// Places of one user, as shipped.
pub const PLACES: usize = 64;

/// Who has no right at all.
pub const NOBODY: u32 = 4500;

/// Whether this process can be other users. If not, attackers and victim are its own user and share that user's
/// places.
#[must_use]
pub fn are_other_users() -> bool {
    geteuid().is_root()
}

/// Runs on a thread as another user, or as this one where that cannot be.
pub fn spawn_as<T: Send + 'static>(uid: u32, run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    if are_other_users() { users::spawn_as(uid, &[], run) } else { thread::spawn(run) }
}

/// Lets this process hold as many connections as its hard limit allows.
pub fn allow_many_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .expect("the hard limit as the soft one");
}
