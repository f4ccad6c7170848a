//! Requests that come with descriptors. The kernel ends a read behind a message that carries some, so a read that was
//! short says nothing about what else is there.

use crate::running::Running;
use apikeyd_kit::bytes::request;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::{Frame, Status};
use apikeyd_protocol::hello::{Hello, Welcome, WelcomeCode};
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use rustix::net::{RecvFlags, recv};
use rustix::process::Signal;
use std::fs::File;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

/// How long answers may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends bytes as one message with a descriptor.
fn send_with_descriptor(client: &RawClient, bytes: &[u8]) {
    let file = File::open("/dev/null").unwrap();
    client.try_send_with(bytes, &[file.as_fd()]).unwrap();
}

/// Waits until so many answers are there, behind a welcome if there is one, without reading: what a caller reads wakes the
/// daemon, and would hide that it sleeps.
fn wait_for_answers(client: &RawClient, welcomed: bool, wanted: usize) {
    let deadline = Instant::now() + PATIENCE;
    let mut seen = vec![0; 64 * 1024];
    loop {
        let (_, count) = recv(&client.stream, &mut seen, RecvFlags::PEEK).unwrap();
        let mut rest = &seen[..count];
        if !welcomed && let Some((_, length)) = Welcome::decode(rest).unwrap() {
            rest = &rest[length..];
        }
        let mut answers = 0;
        while let Some((_, behind)) = Frame::split(rest).unwrap() {
            answers += 1;
            rest = behind;
        }
        if answers == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{answers} of {wanted} requests are answered");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn assert_answers(client: &mut RawClient, ids: core::ops::Range<u64>) {
    for id in ids {
        let answer = client.answer();
        assert_eq!((answer.header.request_id, answer.status()), (id, Status::Ok));
    }
}

#[test]
fn requests_that_each_come_with_a_descriptor_are_all_answered() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    // All of it is there before the daemon reads the first byte: one event, and many ends of a read.
    daemon.freeze();
    for id in 0..40 {
        send_with_descriptor(&client, &request(Opcode::Status, id, &Empty {}));
    }
    daemon.signal(Signal::CONT);
    wait_for_answers(&client, true, 40);
    assert_answers(&mut client, 0..40);
}

#[test]
fn a_frame_in_pieces_that_each_come_with_a_descriptor_is_answered() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let two = [request(Opcode::Status, 0, &Empty {}), request(Opcode::Status, 1, &Empty {})].concat();
    daemon.freeze();
    two.chunks(3).for_each(|piece| send_with_descriptor(&client, piece));
    daemon.signal(Signal::CONT);
    wait_for_answers(&client, true, 2);
    assert_answers(&mut client, 0..2);
}

#[test]
fn a_hello_with_a_descriptor_and_what_is_behind_it_are_answered() {
    let daemon = Running::start();
    daemon.freeze();
    let mut client = RawClient::silent(&daemon.socket());
    let hello = Hello::CURRENT.encode();
    let (first, second) = hello.split_at(5);
    send_with_descriptor(&client, first);
    send_with_descriptor(&client, second);
    send_with_descriptor(&client, &request(Opcode::Status, 0, &Empty {}));
    send_with_descriptor(&client, &request(Opcode::Status, 1, &Empty {}));
    daemon.signal(Signal::CONT);
    wait_for_answers(&client, false, 2);
    assert_eq!(client.welcome().code, WelcomeCode::Accepted);
    assert_answers(&mut client, 0..2);
}

#[test]
fn who_leaves_behind_a_request_with_a_descriptor_is_noticed() {
    let mut daemon = Running::start();
    let client = RawClient::greeted(&daemon.socket());
    daemon.freeze();
    send_with_descriptor(&client, &request(Opcode::Status, 0, &Empty {}));
    drop(client);
    daemon.signal(Signal::CONT);
    assert!(daemon.stop().success());
}
