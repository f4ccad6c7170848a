//! A saved key, and whether it is valid.

use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::{KeyState, RevocationCause, SaveMode};
use apikeyd_protocol::time::Timestamp;
use core::fmt;
use subtle::ConstantTimeEq;

/// The keyed hash of a key's digest, stored in place of the key. Useless without the pepper, and nevertheless
/// not printed.
#[derive(Clone, Copy)]
pub struct KeyTag([u8; Self::BYTES]);

impl KeyTag {
    /// Bytes of a tag.
    pub const BYTES: usize = 32;

    /// From the bytes of a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Whether two tags are equal, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        // In words: each comparison is hidden from the optimiser separately, so thirty-two would be slow.
        let words = |tag: &Self| {
            let (words, _) = tag.0.as_chunks();
            core::array::from_fn::<_, { Self::BYTES / 8 }, _>(|at| {
                u64::from_le_bytes(words.get(at).copied().unwrap_or_default())
            })
        };
        words(self).ct_eq(&words(other)).into()
    }
}

/// Compares in constant time.
impl PartialEq for KeyTag {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other)
    }
}
impl Eq for KeyTag {}

impl fmt::Debug for KeyTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyTag(..)")
    }
}

/// A saved key with everything that the daemon knows about it, except its last use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key's id, not reused while the record exists.
    pub key_id: KeyId,
    /// The key's owner.
    pub user: UserId,
    /// A person's note on the key.
    pub label: Option<Label>,
    /// What is stored in place of the key.
    pub tag: KeyTag,
    /// When it was saved.
    pub created_at: Timestamp,
    /// The uid that generated and saved it.
    pub created_by: u32,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// How it was saved: a repeated save must use the same mode.
    pub saved_as: SaveMode,
    /// The key that it replaced: a repeated save gives the same answer.
    pub replaced: Option<KeyId>,
    /// The state as stored. Use the state [at a time](KeyRecord::state_at) for decisions.
    pub state: KeyState,
}

impl KeyRecord {
    /// The state at a time.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> KeyState {
        self.state.at(self.expires_at, now)
    }

    /// Whether the key is valid at a time.
    #[must_use]
    pub fn is_active_at(&self, now: Timestamp) -> bool {
        self.state_at(now) == KeyState::Active
    }
}

/// Why a key is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// No key with that id was ever saved, or its record was removed.
    Unknown,
    /// The key with that id is a draft, and this is its secret.
    NotSaved,
    /// The id is known, but the secret is wrong.
    WrongSecret,
    /// The key was valid once.
    Revoked(RevocationCause),
    /// The record is not what the daemon wrote.
    Damaged,
}

/// Judges a known key. The secret is checked first: only the holder of the key learns whether and why it was
/// revoked.
///
/// # Errors
/// [`KeyRefusal`]: why it is not valid.
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
    use apikeyd_protocol::term::RevocationCause;

    #[test]
    fn an_active_key_ends_at_the_instant_of_its_expiry_and_an_ended_one_stays_as_it_is() {
        let at = Timestamp::from_unix_millis;
        let mut record = KeyRecord {
            key_id: KeyId::new(1).unwrap(),
            user: UserId::parse("a").unwrap(),
            label: None,
            tag: KeyTag::from_bytes([0; 32]),
            created_at: at(1),
            created_by: 0,
            expires_at: Some(at(10)),
            saved_as: SaveMode::Add,
            replaced: None,
            state: KeyState::Active,
        };
        assert!(record.is_active_at(at(9)));
        assert_eq!(
            record.state_at(at(10)),
            KeyState::Revoked { cause: RevocationCause::Expired, at: at(10) }
        );
        record.state = KeyState::Revoked { cause: RevocationCause::Deleted, at: at(5) };
        assert_eq!(record.state_at(at(11)), record.state);
    }

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
