//! Bounds on what callers can take.

use crate::running::{PROGRAM, Running, Setup};
use apikeyd_kit::bytes::request;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::users::{as_user, is_root};
use apikeyd_protocol::hello::{Hello, WelcomeCode};
use apikeyd_protocol::message::{self, Empty};
use apikeyd_protocol::operation::Opcode;
use std::time::{Duration, Instant};

fn code_of(client: &mut RawClient) -> WelcomeCode {
    let _gone = client.try_send(&Hello::CURRENT.encode());
    client.welcome().code
}

#[test]
fn past_the_limit_callers_are_told_so_and_the_watchdog_still_gets_in() {
    let mut daemon = Setup::new().config("[limits]\nconnections = 3").env("WATCHDOG_USEC", "400000").start();
    let mut inside: Vec<_> = (0..3).map(|_| RawClient::greeted(&daemon.socket())).collect();
    for _ in 0..50 {
        assert_eq!(code_of(&mut RawClient::silent(&daemon.socket())), WelcomeCode::TooManyConnections);
    }
    while daemon.told_within(Duration::from_millis(1)).is_some() {}
    daemon.wait_told("WATCHDOG=1");
    daemon.wait_told("WATCHDOG=1");
    let _still_served: message::DaemonStatus = inside[0].ask(Opcode::Status, &Empty {}).message();
    inside.pop();
    // The place is free once the daemon has seen the end.
    while code_of(&mut RawClient::silent(&daemon.socket())) != WelcomeCode::Accepted {}
}

#[test]
fn callers_that_say_nothing_fill_only_the_places_of_their_own_user() {
    if !is_root() {
        return;
    }
    let config = "[limits]\nconnections_per_uid = 5\n[rights]\nvalidate = { users = [4001, 4002] }";
    let daemon = Setup::new().config(config).start();
    let socket = daemon.socket();
    let _silent =
        as_user(4001, &[], move || -> Vec<_> { (0..300).map(|_| RawClient::silent(&socket)).collect() });
    let socket = daemon.socket();
    let refused = as_user(4001, &[], move || code_of(&mut RawClient::silent(&socket)));
    assert_eq!(refused, WelcomeCode::TooManyConnections);
    for uid in [4002, 0] {
        let socket = daemon.socket();
        let accepted = as_user(uid, &[], move || code_of(&mut RawClient::silent(&socket)));
        assert_eq!(accepted, WelcomeCode::Accepted, "uid {uid}");
    }
}

#[test]
fn out_of_descriptors_the_daemon_rests_and_recovers() {
    let script = "ulimit -n 24; exec \"$0\"";
    let daemon = Setup::through("/bin/sh", &["-c", script, PROGRAM]).start();
    let clients: Vec<_> = (0..60).map(|_| RawClient::silent(&daemon.socket())).collect();
    let spent = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", daemon.pid())).unwrap();
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let (begin, time) = (spent(), Duration::from_secs(1));
    std::thread::sleep(time);
    // Clock ticks of 10 ms: a loop that does not rest takes a hundred of them.
    assert!(spent() - begin < 30, "{} ticks", spent() - begin);
    assert!(daemon.log().contains("could not be accepted"), "{}", daemon.log());
    drop(clients);
    let mut client = RawClient::greeted(&daemon.socket());
    let _alive: message::DaemonStatus = client.ask(Opcode::Status, &Empty {}).message();
}

#[test]
fn connections_that_fail_at_any_stage_leave_nothing_behind() {
    if !is_root() {
        return;
    }
    let daemon = Running::start();
    let mut steady = RawClient::greeted(&daemon.socket());
    let before = daemon.descriptors();
    let whole = [&Hello::CURRENT.encode()[..], &request(Opcode::Status, 1, &Empty {})].concat();
    for cut in 0..=whole.len() {
        for _ in 0..10 {
            let _gone = RawClient::silent(&daemon.socket()).try_send(&whole[..cut]);
        }
    }
    daemon.wait_for_descriptors(before);
    let deadline = Instant::now() + Duration::from_secs(10);
    // A connection is counted until a moment after its descriptor is closed.
    while steady.ask(Opcode::Status, &Empty {}).message::<message::DaemonStatus>().connections > 1 {
        assert!(Instant::now() < deadline, "connections that ended are still counted");
    }
}

#[test]
fn a_claimed_length_takes_no_memory() {
    let daemon = Running::start();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let mut steady = RawClient::greeted(&daemon.socket());
    let before = resident();
    let claim =
        apikeyd_protocol::frame::Header { length: 65_536, opcode: 1, flags_or_status: 0, request_id: 1 };
    let clients: Vec<_> = (0..500)
        .map(|_| {
            let mut client = RawClient::greeted(&daemon.socket());
            client.send(&claim.encode());
            client.send(&[0]);
            client
        })
        .collect();
    let _answered: message::DaemonStatus = steady.ask(Opcode::Status, &Empty {}).message();
    let grown = resident().saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB for {} connections", clients.len());
}
