//! Callers that take their time. These tests wait for the daemon's real time limits of ten seconds.

use crate::running::Running;
use apikeyd_kit::bytes::{frame, request};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::message::{self, Empty, PolicyRows};
use apikeyd_protocol::operation::Opcode;
use std::io::Write as _;
use std::time::{Duration, Instant};

#[test]
fn a_frame_that_trickles_is_given_up() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let whole = frame(Opcode::Status.code(), 0, 1, &[0; 1000]);
    let begin = Instant::now();
    let mut writer = client.stream.try_clone().unwrap();
    let trickle = std::thread::spawn(move || {
        for byte in whole.chunks(1) {
            if writer.write_all(byte).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("the daemon took it all");
    });
    client.assert_closed();
    let time = begin.elapsed();
    trickle.join().unwrap();
    assert!(time >= Duration::from_secs(9) && time < Duration::from_secs(16), "{time:?}");
}

#[test]
fn who_never_reads_is_given_up_and_others_are_served_meanwhile() {
    let daemon = Running::start();
    let stuck = RawClient::greeted(&daemon.socket());
    let mut writer = stuck.stream.try_clone().unwrap();
    let begin = Instant::now();
    let flood = std::thread::spawn(move || {
        let rows = request(Opcode::PolicyRows, 1, &PolicyRows::new(0));
        let mut written = 0;
        while writer.write_all(&rows).is_ok() {
            written += rows.len();
        }
        written
    });
    let mut other = RawClient::greeted(&daemon.socket());
    while !flood.is_finished() {
        let asked = Instant::now();
        let _served: message::DaemonStatus = other.ask(Opcode::Status, &Empty {}).message();
        assert!(asked.elapsed() < Duration::from_secs(1));
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "the daemon holds on to a caller that does not read"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(begin.elapsed() >= Duration::from_secs(9));
    assert!(flood.join().unwrap() < 1024 * 1024, "the daemon went on reading");
    assert!(daemon.log().contains("did not read its answers in time"), "{}", daemon.log());
}
