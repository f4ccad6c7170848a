//! The first bytes.

use crate::running::{Running, Setup};
use apikeyd_kit::bytes::request;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::users::{as_user, is_root};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::{HELLO_MAGIC, Hello, VERSION, Version, WelcomeCode};
use apikeyd_protocol::limit::{MAX_BODY_BYTES, MAX_IN_FLIGHT};
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::{Right, RightSet};
use std::time::{Duration, Instant};

#[test]
fn a_hello_is_answered_with_limits_and_rights() {
    let daemon = Running::start();
    let mut client = RawClient::silent(&daemon.socket());
    client.send(&Hello::CURRENT.encode());
    let welcome = client.welcome();
    assert_eq!((welcome.code, welcome.version), (WelcomeCode::Accepted, VERSION));
    assert_eq!(usize::try_from(welcome.max_body).unwrap(), MAX_BODY_BYTES);
    assert_eq!(usize::try_from(welcome.max_in_flight).unwrap(), MAX_IN_FLIGHT);
    assert_eq!(welcome.rights, RightSet::EMPTY.with(Right::Admin));
    assert_eq!(welcome.instance, 1);
}

#[test]
fn a_hello_may_come_in_pieces_with_a_tail_and_with_frames_behind_it() {
    let daemon = Running::start();
    let mut hello =
        Hello { version: Version { major: VERSION.major, minor: 9 }, features: u64::MAX }.encode().to_vec();
    hello[8] += 5;
    hello.extend_from_slice(b"later");
    hello.extend(request(Opcode::Status, 3, &Empty {}));
    for piece in [1, 7, hello.len()] {
        let mut client = RawClient::silent(&daemon.socket());
        for part in hello.chunks(piece) {
            client.send(part);
        }
        let welcome = client.welcome();
        assert_eq!((welcome.code, welcome.version, welcome.features), (WelcomeCode::Accepted, VERSION, 0));
        let answer = client.answer();
        assert_eq!((answer.status(), answer.header.request_id), (Status::Ok, 3));
    }
}

#[test]
fn another_major_version_is_refused_by_name() {
    let daemon = Running::start();
    for major in [0, VERSION.major + 1, u16::MAX] {
        let mut client = RawClient::silent(&daemon.socket());
        client.send(&Hello { version: Version { major, minor: 0 }, features: 0 }.encode());
        let welcome = client.welcome();
        assert_eq!((welcome.code, welcome.version), (WelcomeCode::UnsupportedVersion, VERSION));
        client.assert_closed();
    }
}

#[test]
fn what_is_not_a_hello_is_told_so() {
    let daemon = Running::start();
    let too_short = [&HELLO_MAGIC[..], &[23, 0]].concat();
    let too_long = [&HELLO_MAGIC[..], &[1, 4]].concat();
    let tls = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01];
    for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &tls, b"a?", &too_short, &too_long, &[0; 65_536]]
    {
        let mut client = RawClient::silent(&daemon.socket());
        let _gone = client.try_send(bytes);
        assert_eq!(client.welcome().code, WelcomeCode::BadHello, "{bytes:?}");
        client.assert_closed();
    }
}

#[test]
fn who_says_nothing_or_half_a_hello_is_let_go_after_two_seconds() {
    let daemon = Running::start();
    let begin = Instant::now();
    let mut clients = [RawClient::silent(&daemon.socket()), RawClient::silent(&daemon.socket())];
    clients[1].send(&Hello::CURRENT.encode()[..23]);
    for client in &mut clients {
        client.assert_closed();
    }
    let time = begin.elapsed();
    assert!(time >= Duration::from_millis(1_900) && time < Duration::from_secs(10), "{time:?}");
}

#[test]
fn who_has_no_right_is_refused_and_groups_count() {
    if !is_root() {
        return;
    }
    let daemon = Setup::new().config("[rights]\nvalidate = { users = [4001], groups = [4500] }").start();
    for (uid, groups, expected) in [
        (4001, &[][..], WelcomeCode::Accepted),
        (4002, &[], WelcomeCode::NotPermitted),
        (4002, &[4500], WelcomeCode::Accepted),
        (65_534, &[4500], WelcomeCode::NotPermitted),
    ] {
        let socket = daemon.socket();
        let code = as_user(uid, groups, move || {
            let mut client = RawClient::silent(&socket);
            client.send(&Hello::CURRENT.encode());
            client.welcome().code
        });
        assert_eq!(code, expected, "uid {uid} with {groups:?}");
    }
    assert!(daemon.log().contains("a caller was refused uid=4002"), "{}", daemon.log());
}
