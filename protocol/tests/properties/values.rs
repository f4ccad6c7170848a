//! Arbitrary values of the protocol's types.

use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{Freshness, KeyRecord, PolicyRow};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::{
    Actor, AuditEvent, AuditFault, AuditHead, AuditRow, CredentialsCause, KeyState, RevocationCause,
};
use apikeyd_protocol::time::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// Every width of the variable integer as often as another.
pub(crate) fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(value, shift)| value >> shift)
}

pub(crate) fn small_number() -> impl Strategy<Value = u32> {
    (any::<u32>(), 0_u32..32).prop_map(|(value, shift)| value >> shift)
}

pub(crate) fn key_id() -> impl Strategy<Value = KeyId> {
    number().prop_map(|value| KeyId::new(value % (KeyId::END - 1) + 1).unwrap())
}

pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    number().prop_map(Timestamp::from_unix_millis)
}

/// Any text; most are names, some are not.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z@. ]{0,40}", "\\PC{0,300}", ".{0,20}"]
}

pub(crate) fn user() -> impl Strategy<Value = UserId> {
    text().prop_filter_map("no name", |text| UserId::parse(&text).ok())
}

pub(crate) fn label() -> impl Strategy<Value = Option<Label>> {
    option::of(text().prop_filter_map("no name", |text| Label::parse(&text).ok()))
}

pub(crate) fn revocation_cause() -> impl Strategy<Value = RevocationCause> {
    prop_oneof![
        Just(RevocationCause::Deleted),
        Just(RevocationCause::Replaced),
        Just(RevocationCause::CredentialsChanged),
        Just(RevocationCause::UserDeleted),
        Just(RevocationCause::Expired),
    ]
}

pub(crate) fn cause() -> impl Strategy<Value = CredentialsCause> {
    prop_oneof![Just(CredentialsCause::Change), Just(CredentialsCause::Reset)]
}

pub(crate) fn freshness() -> impl Strategy<Value = Freshness> {
    (number(), number(), small_number(), number()).prop_map(|(instance, epoch, slot, generation)| Freshness {
        instance,
        epoch,
        slot,
        generation,
    })
}

pub(crate) fn record() -> impl Strategy<Value = KeyRecord> {
    let state = prop_oneof![
        Just(KeyState::Active),
        (revocation_cause(), time()).prop_map(|(cause, at)| KeyState::Revoked { cause, at }),
    ];
    let times = (time(), option::of(time()), option::of(time()));
    (key_id(), user(), label(), small_number(), times, state).prop_map(
        |(key_id, user, label, created_by, (created_at, expires_at, last_used_at), state)| KeyRecord {
            key_id,
            user,
            label,
            created_at,
            created_by,
            expires_at,
            last_used_at,
            state,
        },
    )
}

pub(crate) fn head() -> impl Strategy<Value = AuditHead> {
    (number(), any::<[u8; 32]>()).prop_map(|(revision, mac)| AuditHead { revision, mac })
}

pub(crate) fn fault() -> impl Strategy<Value = AuditFault> {
    prop_oneof![
        number().prop_map(|revision| AuditFault::Missing { revision }),
        number().prop_map(|revision| AuditFault::Altered { revision }),
        Just(AuditFault::HeadAltered),
        number().prop_map(|revision| AuditFault::KnownHeadLost { revision }),
        number().prop_map(|revision| AuditFault::RevocationUndone { revision }),
    ]
}

fn event() -> impl Strategy<Value = AuditEvent> {
    let which = 0_u8..10;
    (which, key_id(), key_id(), user(), cause(), small_number(), any::<[u8; 32]>()).prop_map(
        |(which, key_id, replaced, user, cause, rows, hash)| match which {
            0 => AuditEvent::StoreCreated,
            1 => AuditEvent::KeyAdded { key_id, user },
            2 => AuditEvent::KeyReplaced { key_id, replaced, user },
            3 => AuditEvent::KeyDeleted { key_id, user },
            4 => AuditEvent::CredentialsChanged { key_id, user, cause },
            5 => AuditEvent::UserDeleted { key_id, user },
            6 => AuditEvent::KeyExpired { key_id, user },
            7 => AuditEvent::RecordPurged { key_id },
            8 => AuditEvent::PolicyLoaded { rows, hash },
            _ => AuditEvent::BackupTaken,
        },
    )
}

pub(crate) fn audit_row() -> impl Strategy<Value = AuditRow> {
    let actor = prop_oneof![
        Just(Actor::Daemon),
        (small_number(), small_number(), small_number()).prop_map(|(uid, gid, pid)| Actor::Peer {
            uid,
            gid,
            pid
        }),
    ];
    (number(), time(), actor, event()).prop_map(|(revision, at, actor, event)| AuditRow {
        revision,
        at,
        actor,
        event,
    })
}

pub(crate) fn policy_row() -> impl Strategy<Value = PolicyRow> {
    (text(), text(), any::<bool>(), text()).prop_map(|(method, path, allow, name)| PolicyRow {
        method,
        path,
        allow,
        name,
    })
}

pub(crate) fn raw() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..600)
}
