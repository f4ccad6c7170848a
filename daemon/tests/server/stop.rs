//! The end of a daemon.

use crate::running::{Running, Setup};
use apikeyd_kit::bytes::request;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::{Hello, WelcomeCode};
use apikeyd_protocol::message::{Empty, Generate, Generated, PolicyRows, Save};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::SaveMode;
use rustix::process::Signal;
use std::fs;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

#[test]
fn what_was_sent_before_the_end_is_answered() {
    let mut daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let generate = Generate::new(UserId::parse("alice").unwrap());
    let generated: Generated = client.ask(Opcode::Generate, &generate).message();
    let save = Save::new(generated.key_id, SaveMode::Add);
    client.send(&[request(Opcode::Save, 1, &save), request(Opcode::Status, 2, &Empty {})].concat());
    daemon.signal(Signal::TERM);
    let mut answered = [client.answer(), client.answer()];
    answered.sort_by_key(|answer| answer.header.request_id);
    assert_eq!(answered.map(|answer| answer.status()), [Status::Ok, Status::Ok]);
    client.assert_closed();
    assert!(daemon.wait().success(), "{}", daemon.log());
    assert!(!daemon.socket().exists());
    assert!(daemon.log().ends_with("stopped\n"), "{}", daemon.log());
}

#[test]
fn what_lies_unread_in_the_socket_is_answered_too() {
    for round in 0..10 {
        let mut daemon = Running::start();
        let mut client = RawClient::greeted(&daemon.socket());
        // Stopped, the daemon finds the request and the signal at the same time.
        daemon.signal(Signal::STOP);
        client.send(&request(Opcode::Status, 1, &Empty {}));
        daemon.signal(Signal::TERM);
        daemon.signal(Signal::CONT);
        assert_eq!(client.answer_or_end().map(|answer| answer.status()), Some(Status::Ok), "round {round}");
        client.assert_closed();
        assert!(daemon.wait().success());
    }
}

#[test]
fn who_greets_during_the_drain_is_told() {
    let mut daemon = Running::start();
    let mut early = RawClient::silent(&daemon.socket());
    // Answered only when the daemon has accepted both, in their order.
    let _later = RawClient::greeted(&daemon.socket());
    daemon.signal(Signal::TERM);
    daemon.wait_told("STOPPING=1");
    while daemon.socket().exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    early.send(&Hello::CURRENT.encode());
    assert_eq!(early.welcome().code, WelcomeCode::ShuttingDown);
    early.assert_closed();
    assert!(daemon.wait().success());
}

#[test]
fn a_second_signal_ends_at_once_what_the_first_waits_for() {
    for second in [Signal::TERM, Signal::INT] {
        let mut daemon = Running::start();
        let mut stuck = RawClient::greeted(&daemon.socket());
        // Far more answers than the socket holds, and nobody reads them: the drain waits.
        let rows: Vec<u8> =
            (0..1_000).flat_map(|id| request(Opcode::PolicyRows, id, &PolicyRows::new(0))).collect();
        stuck.send(&rows);
        daemon.signal(Signal::TERM);
        daemon.wait_told("STOPPING=1");
        let begin = Instant::now();
        daemon.signal(second);
        assert_eq!(daemon.wait().code(), Some(1), "{}", daemon.log());
        assert!(begin.elapsed() < Duration::from_secs(3));
    }
}

#[test]
fn only_the_own_socket_is_removed() {
    let mut daemon = Running::start();
    fs::remove_file(daemon.socket()).unwrap();
    let _another = UnixListener::bind(daemon.socket()).unwrap();
    assert!(daemon.stop().success());
    assert!(daemon.socket().exists(), "the other program's socket is not the daemon's to remove");
}

#[test]
fn a_socket_left_by_a_kill_is_replaced_at_the_next_start() {
    let mut daemon = Running::start();
    daemon.signal(Signal::KILL);
    assert_eq!(daemon.wait().code(), None);
    assert!(daemon.socket().exists());
    let mut next = Setup::new().with(|start| start.socket(daemon.socket())).start();
    let mut client = RawClient::greeted(&daemon.socket());
    assert_eq!(client.ask(Opcode::Status, &Empty {}).status(), Status::Ok);
    drop(client);
    assert!(next.stop().success());
}
