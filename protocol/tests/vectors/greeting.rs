//! The greeting: the frozen bytes, later versions, and what is none.

use crate::{blocks, values};
use apikeyd_protocol::hello::{
    GreetingError, HELLO_BYTES, Hello, VERSION, Version, WELCOME_BYTES, Welcome, WelcomeCode,
};
use apikeyd_protocol::limit::MAX_GREETING_BYTES;
use apikeyd_protocol::right::{Right, RightSet};

fn document(name: &str) -> Vec<u8> {
    blocks::document().into_iter().find(|block| block.name == name).expect("the document has it").bytes
}

fn all_rights() -> RightSet {
    RightSet::EMPTY.with(Right::Admin)
}

#[test]
fn the_bytes_of_the_document_are_those_of_the_code() {
    assert_eq!(Hello::CURRENT.encode()[..], document("hello"));
    let clients_rights = RightSet::EMPTY.with(Right::Validate).with(Right::Issue);
    let accepted = Welcome::accept(&Hello::CURRENT, clients_rights, values::STARTS);
    assert_eq!(accepted.encode()[..], document("welcome.accepted"));
    assert_eq!(Welcome::decode(&document("welcome.accepted")), Ok(Some((accepted, WELCOME_BYTES))));
    let refused = Welcome::refusal(WelcomeCode::UnsupportedVersion);
    assert_eq!(refused.encode()[..], document("welcome.unsupported-version"));
    assert_eq!(Hello::decode(&document("hello")), Ok(Some((Hello::CURRENT, HELLO_BYTES))));
}

#[test]
fn every_piece_of_a_greeting_asks_for_more() {
    let hello = Hello::CURRENT.encode();
    let welcome = Welcome::accept(&Hello::CURRENT, all_rights(), u64::MAX).encode();
    for cut in 0..hello.len() {
        assert_eq!(Hello::decode(&hello[..cut]), Ok(None), "{cut}");
    }
    for cut in 0..welcome.len() {
        assert_eq!(Welcome::decode(&welcome[..cut]), Ok(None), "{cut}");
    }
    assert_eq!(Hello::decode(&[&hello[..], b"a frame"].concat()), Ok(Some((Hello::CURRENT, HELLO_BYTES))));
}

#[test]
fn a_later_version_with_a_tail_can_be_read() {
    let mut hello =
        Hello { version: Version { major: 9, minor: 65_535 }, features: u64::MAX }.encode().to_vec();
    hello.extend([0xaa; 100]);
    hello[8] = 124;
    let (read, taken) = Hello::decode(&hello).unwrap().unwrap();
    assert_eq!((read.version, read.features, taken), (Version { major: 9, minor: 65_535 }, u64::MAX, 124));
    assert_eq!(Hello::decode(&hello[..123]), Ok(None), "the tail belongs to it");

    let mut welcome = Welcome::refusal(WelcomeCode::Other(777)).encode().to_vec();
    welcome.resize(MAX_GREETING_BYTES, 0xaa);
    welcome[8..10].copy_from_slice(&1024_u16.to_le_bytes());
    let (read, taken) = Welcome::decode(&welcome).unwrap().unwrap();
    assert_eq!((read.code, taken), (WelcomeCode::Other(777), MAX_GREETING_BYTES));
}

#[test]
fn a_length_outside_the_limits_is_refused_at_once() {
    for length in [0, 10, 23, 1025, 65_535] {
        let mut hello = Hello::CURRENT.encode();
        hello[8..10].copy_from_slice(&u16::to_le_bytes(length));
        assert_eq!(Hello::decode(&hello[..10]), Err(GreetingError::Length(length.into())));
    }
    let mut welcome = Welcome::refusal(WelcomeCode::ShuttingDown).encode();
    welcome[8] = 47;
    assert_eq!(Welcome::decode(&welcome), Err(GreetingError::Length(47)));
}

#[test]
fn other_protocols_are_no_greeting() {
    let tls_client_hello = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];
    let frame_first = [57, 0, 0, 0, 1, 0, 0, 0];
    for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"PRI * HTTP/2.0", &tls_client_hello, b"SSH-2.0-x", b"{", &[0]]
    {
        assert_eq!(Hello::decode(bytes), Err(GreetingError::Magic), "{bytes:?}");
    }
    assert_eq!(Hello::decode(&frame_first), Err(GreetingError::Magic));
    assert_eq!(Hello::decode(b"apikeyd!"), Err(GreetingError::Magic), "a welcome is no hello");
    assert_eq!(Welcome::decode(b"apikeyd?"), Err(GreetingError::Magic), "a hello is no welcome");
    for at in 0..8 {
        let mut hello = Hello::CURRENT.encode();
        hello[at] ^= 0x20;
        assert_eq!(Hello::decode(&hello[..=at]), Err(GreetingError::Magic), "refused at byte {at}");
    }
}

#[test]
fn the_lower_minor_version_is_chosen() {
    let hello = |minor| Hello { version: Version { major: VERSION.major, minor }, features: 1 };
    let chosen = |minor| Welcome::accept(&hello(minor), all_rights(), 1);
    assert_eq!(chosen(0).version, Version { major: 1, minor: 0 });
    assert_eq!(chosen(9).version, VERSION);
    assert_eq!(chosen(9).features, 0, "no feature is known");
}

#[test]
fn unknown_bits_of_rights_are_dropped() {
    let mut welcome = Welcome::accept(&Hello::CURRENT, all_rights(), 1).encode();
    welcome[32..36].fill(0xff);
    assert_eq!(Welcome::decode(&welcome).unwrap().unwrap().0.rights, all_rights());
    // Also where they stand in a body.
    assert_eq!(apikeyd_protocol::codec::decode::<RightSet>(&[0xfa]).unwrap().bits(), 0b1010);
}
