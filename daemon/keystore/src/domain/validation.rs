//! Whether a key is good.

use apikeyd_protocol::term::{KeyState, RevocationCause};
use apikeyd_protocol::time::Timestamp;

/// Why a key is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// No key of that id was ever saved, or its record is gone.
    Unknown,
    /// The key of that id is a draft, and this is its secret.
    NotSaved,
    /// The id is known, the secret is another one.
    WrongSecret,
    /// The key was good once.
    Revoked(RevocationCause),
    /// The record is not what the daemon wrote.
    Damaged,
}

/// Judges a known key. The secret comes first: only who holds the key learns whether and why it ended.
///
/// # Errors
/// [`KeyRefusal`], why it is not good.
pub fn judge(
    now: Timestamp,
    secret_matches: bool,
    state: KeyState,
    expires_at: Option<Timestamp>,
) -> Result<(), KeyRefusal> {
    match state.at(expires_at, now) {
        _ if !secret_matches => Err(KeyRefusal::WrongSecret),
        KeyState::Revoked { cause, .. } => Err(KeyRefusal::Revoked(cause)),
        KeyState::Active => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_at_its_instant_and_not_before() {
        let at = |millis| Timestamp::from_unix_millis(millis);
        let judged = |now| judge(at(now), true, KeyState::Active, Some(at(10)));
        assert_eq!(judged(9), Ok(()));
        assert_eq!(judged(10), Err(KeyRefusal::Revoked(RevocationCause::Expired)));
        assert_eq!(judged(11), Err(KeyRefusal::Revoked(RevocationCause::Expired)));
    }

    #[test]
    fn a_wrong_secret_learns_nothing_else() {
        let at = Timestamp::from_unix_millis(5);
        let ended = KeyState::Revoked { cause: RevocationCause::Deleted, at };
        assert_eq!(judge(at, false, ended, None), Err(KeyRefusal::WrongSecret));
        assert_eq!(judge(at, true, ended, None), Err(KeyRefusal::Revoked(RevocationCause::Deleted)));
    }
}
