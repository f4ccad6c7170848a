//! Values that the answers are made of. Times lie so that every digit of their text shows.

use apikeyd_protocol::key::{ApiKey, KeyId, KeyPrefix};
use apikeyd_protocol::message::{Generated, KeyRecord};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::{AuditHead, KeyState, RevocationCause};
use apikeyd_protocol::time::Timestamp;

/// 2026-11-24T20:24:05.120Z
pub(crate) const NOW: Timestamp = Timestamp::from_unix_millis(1_795_551_845_120);
/// 2027-02-22T20:24:05.120Z
pub(crate) const LATER: Timestamp = Timestamp::from_unix_millis(1_803_327_845_120);

/// A key that is the same in every run.
pub(crate) fn key() -> ApiKey {
    let mut next = 0_u8;
    let made = ApiKey::generate(&KeyPrefix::default(), |bytes| {
        for byte in bytes {
            next = next.wrapping_add(37);
            *byte = next;
        }
        Ok::<(), ()>(())
    });
    made.unwrap_or_else(|()| unreachable!("the generator does not fail"))
}

/// Its draft.
pub(crate) fn generated() -> Generated {
    Generated { key_id: key().id(), key: key(), draft_expires_at: NOW }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub(crate) fn id(text: &str) -> KeyId {
    text.parse().unwrap()
}

/// An active key with everything that a record can have.
pub(crate) fn record() -> KeyRecord {
    KeyRecord {
        key_id: key().id(),
        user: user("alice"),
        label: Some(Label::parse("build server").unwrap()),
        created_at: NOW,
        created_by: 1000,
        expires_at: Some(LATER),
        last_used_at: Some(NOW),
        state: KeyState::Active,
    }
}

/// An ended key with nothing that a record can be without.
pub(crate) fn ended() -> KeyRecord {
    KeyRecord {
        key_id: id("00000000zZ"),
        user: user("bob"),
        label: None,
        expires_at: None,
        last_used_at: None,
        state: KeyState::Revoked { cause: RevocationCause::Replaced, at: LATER },
        ..record()
    }
}

pub(crate) fn head() -> AuditHead {
    AuditHead { revision: 42, mac: [0xab; 32] }
}
