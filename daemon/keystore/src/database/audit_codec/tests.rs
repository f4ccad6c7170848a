//! The layout, byte by byte. It never changes: the chain's links cover the bytes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use super::*;
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every event with its bytes after the actor.
fn golden() -> Vec<(AuditEvent, String)> {
    let key_id = KeyId::new(1).unwrap();
    let replaced = KeyId::new(2).unwrap();
    let user = || UserId::parse("bob").unwrap();
    let (key, name) = ("0100000000000000", "03626f62");
    let cause = |cause| AuditEvent::CredentialsChanged { key_id, user: user(), cause };
    vec![
        (AuditEvent::StoreCreated, "01".into()),
        (AuditEvent::KeyAdded { key_id, user: user() }, format!("02{key}{name}")),
        (
            AuditEvent::KeyReplaced { key_id, replaced, user: user() },
            format!("03{key}0200000000000000{name}"),
        ),
        (AuditEvent::KeyDeleted { key_id, user: user() }, format!("04{key}{name}")),
        (cause(CredentialsCause::Change), format!("05{key}{name}00")),
        (cause(CredentialsCause::Reset), format!("05{key}{name}01")),
        (AuditEvent::UserDeleted { key_id, user: user() }, format!("06{key}{name}")),
        (AuditEvent::KeyExpired { key_id, user: user() }, format!("07{key}{name}")),
        (AuditEvent::RecordPurged { key_id }, format!("08{key}")),
        (AuditEvent::PolicyLoaded { rows: 12, hash: [0xbb; 32] }, format!("090c000000{}", "bb".repeat(32))),
        (AuditEvent::BackupTaken, "0a".into()),
    ]
}

#[test]
fn every_event_has_its_bytes_and_comes_back() {
    let at = Timestamp::from_unix_millis(0x1122);
    let peer = Actor::Peer { uid: 1000, gid: 100, pid: 4711 };
    for (event, bytes) in golden() {
        // version, at, actor, uid, gid, pid
        for (actor, head) in [
            (Actor::Daemon, "01 2211000000000000 00 00000000 00000000 00000000"),
            (peer, "01 2211000000000000 01 e8030000 64000000 67120000"),
        ] {
            let body = encode(at, actor, &event);
            assert_eq!(hex(&body), head.replace(' ', "") + &bytes, "{}", event.name());
            let row = AuditRow { revision: 9, at, actor, event: event.clone() };
            assert_eq!(decode(9, &body), Ok(row));
            for cut in 0..body.len() {
                assert_eq!(decode(9, &body[..cut]), Err(Malformed));
            }
            assert_eq!(decode(9, &[&body[..], b"\0"].concat()), Err(Malformed));
        }
    }
}

#[test]
fn a_row_of_the_daemon_names_no_caller() {
    let mut body = encode(Timestamp::from_unix_millis(1), Actor::Daemon, &AuditEvent::StoreCreated);
    for at in 10..22 {
        body[at] = 1;
        assert_eq!(decode(1, &body), Err(Malformed), "byte {at}");
        body[at] = 0;
    }
    assert!(decode(1, &body).is_ok());
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(1, &bytes);
        let _ = split(&bytes);
    }
}
