//! The layout, byte by byte. It never changes: stored records must stay readable.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it did not expect")]

use super::*;
use proptest::prelude::*;

fn secrets() -> Secrets {
    Secrets::derive(&[7; 32])
}

fn record() -> KeyRecord {
    KeyRecord {
        key_id: KeyId::new(0x0102_0304).unwrap(),
        user: UserId::parse("alice").unwrap(),
        label: Some(Label::parse("ci").unwrap()),
        tag: KeyTag::from_bytes([0xaa; 32]),
        created_at: Timestamp::from_unix_millis(0x1122),
        created_by: 1000,
        expires_at: Some(Timestamp::from_unix_millis(0x3344)),
        saved_as: SaveMode::Replace,
        replaced: Some(KeyId::new(5).unwrap()),
        state: KeyState::Revoked { cause: RevocationCause::Expired, at: Timestamp::from_unix_millis(0x3344) },
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_record_in_full() {
    let golden = [
        "01",                                                               // version
        &"aa".repeat(32),                                                   // tag
        "2211000000000000",                                                 // created_at
        "e8030000",                                                         // created_by
        "01",                                                               // saved_as: replace
        "0500000000000000",                                                 // replaced
        "4433000000000000",                                                 // expires_at
        "05",                                                               // state: expired
        "4433000000000000",                                                 // revoked_at
        "05616c696365",                                                     // user
        "026369",                                                           // label
        "b1060265ab97d9d7ca965135f4e1cfd0f23e8010c910b612d4807ec1342cf684", // seal
    ]
    .concat();
    let bytes = encode(&record(), &secrets());
    assert_eq!(hex(&bytes), golden);
    assert_eq!(decode(record().key_id, &bytes, &secrets()), Ok(record()));
}

#[test]
fn the_smallest_record() {
    let smallest = KeyRecord {
        user: UserId::parse("a").unwrap(),
        label: None,
        expires_at: None,
        saved_as: SaveMode::Add,
        replaced: None,
        state: KeyState::Active,
        ..record()
    };
    let golden = [
        "01",                                                               // version
        &"aa".repeat(32),                                                   // tag
        "2211000000000000",                                                 // created_at
        "e8030000",                                                         // created_by
        "00",                                                               // saved_as: add
        "0000000000000000",                                                 // replaced: none
        "0000000000000000",                                                 // expires_at: none
        "00",                                                               // state: active
        "0000000000000000",                                                 // revoked_at
        "0161",                                                             // user
        "00",                                                               // label: none
        "38b4eb8bd9d636866ef1ea274beb8b20a20b830dc8b39f44a3f3ec5354ffb4b2", // seal
    ]
    .concat();
    let bytes = encode(&smallest, &secrets());
    assert_eq!(hex(&bytes), golden);
    assert_eq!(decode(smallest.key_id, &bytes, &secrets()), Ok(smallest));
}

/// Bytes that a faulty daemon could have sealed: a correct seal does not make bytes a record.
#[test]
fn a_sealed_body_that_is_no_record_is_refused() {
    let good = encode(&record(), &secrets());
    let body = &good[..good.len() - SEAL];
    let sealed = |body: &[u8]| {
        let seal = secrets().seal(record().key_id, body);
        decode(record().key_id, &[body, &seal].concat(), &secrets())
    };
    assert!(sealed(body).is_ok());
    for (at, value, what) in [
        (0, 2, "a later version"),
        (45, 2, "a mode that is none"),
        (53, 0xff, "an id that is none"),
        (62, 6, "a state that is none"),
        (62, 0, "active and yet with an end"),
        (71, 200, "a user longer than the record"),
        (72, b' ', "a user that is none"),
        (77, 1, "a byte left over"),
    ] {
        let mut body = body.to_vec();
        body[at] = value;
        assert_eq!(sealed(&body), Err(Malformed), "{what}");
    }
    for cut in 0..body.len() {
        assert_eq!(sealed(&body[..cut]), Err(Malformed), "{cut} bytes");
    }
}

proptest! {
    #[test]
    fn every_record_comes_back(
        id in 1..KeyId::END,
        user in "[a-z日é]{1,60}",
        label in proptest::option::of("[a-z日é]{1,30}"),
        tag: [u8; 32],
        created_at: u64,
        created_by: u32,
        expires_at in proptest::option::of(1..=u64::MAX),
        replaced in proptest::option::of(1..KeyId::END),
        reason in 0..6_u8,
        revoked_at: u64,
    ) {
        let record = KeyRecord {
            key_id: KeyId::new(id).unwrap(),
            user: UserId::parse(&user).unwrap(),
            label: label.map(|label| Label::parse(&label).unwrap()),
            tag: KeyTag::from_bytes(tag),
            created_at: Timestamp::from_unix_millis(created_at),
            created_by,
            expires_at: expires_at.map(Timestamp::from_unix_millis),
            saved_as: if replaced.is_some() { SaveMode::Replace } else { SaveMode::Add },
            replaced: replaced.map(|id| KeyId::new(id).unwrap()),
            state: state(reason, if reason == 0 { 0 } else { revoked_at }).unwrap(),
        };
        let bytes = encode(&record, &secrets());
        prop_assert_eq!(decode(record.key_id, &bytes, &secrets()), Ok(record));
    }

    #[test]
    fn any_bytes_are_refused_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(decode(record().key_id, &bytes, &secrets()), Err(Malformed));
    }
}
