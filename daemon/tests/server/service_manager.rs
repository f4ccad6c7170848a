//! Socket activation, notes and watchdog, without systemd in the middle.

use crate::running::{PROGRAM, Running, Setup};
use apikeyd_kit::daemon::Start;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use rustix::process::Signal;
use std::fs::File;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// What a service manager does: the descriptor becomes number 3 of the process that is named.
const HAND_OVER: &str = "exec 3<&0 </dev/null; LISTEN_PID=$$ exec \"$0\"";

fn to_be_activated() -> Setup {
    Setup::through("/bin/sh", &["-c", HAND_OVER, PROGRAM])
}

fn activated(setup: Setup, handed_over: OwnedFd, names: Option<&str>) -> Setup {
    let setup = setup.env("LISTEN_FDS", "1").with(|start| start.input(handed_over));
    match names {
        Some(names) => setup.env("LISTEN_FDNAMES", names),
        None => setup,
    }
}

/// The process at the other end, as this end sees it.
fn peer_pid(stream: &UnixStream) -> u32 {
    apikeyd::peer::Peer::of(stream).unwrap().pid
}

#[test]
fn an_inherited_socket_is_served_and_left_to_its_owner() {
    let setup = to_be_activated();
    let path = setup.path("activated");
    let listener = UnixListener::bind(&path).unwrap();
    // A caller that comes before the daemon waits for it.
    let mut early = RawClient::silent(&path);
    let kept = listener.try_clone().unwrap();
    let mut daemon = activated(setup, listener.into(), Some("apikeyd.socket")).start();
    early.send(&apikeyd_protocol::hello::Hello::CURRENT.encode());
    assert_eq!(early.welcome().code, apikeyd_protocol::hello::WelcomeCode::Accepted);
    let client = RawClient::greeted(&path);
    assert_eq!(peer_pid(&client.stream), daemon.pid(), "callers see the daemon, not who made the socket");
    assert!(!daemon.socket().exists(), "the configured socket is not bound as well");
    assert!(daemon.stop().success(), "{}", daemon.log());
    assert!(path.exists(), "the name is the service manager's");
    let _waits_for_the_next_start = UnixStream::connect(&path).unwrap();
    drop(kept);
}

#[test]
fn systemds_own_tool_activates_the_daemon() {
    if Command::new("systemd-socket-activate").arg("--version").output().is_err() {
        eprintln!("skipped: systemd-socket-activate is not installed");
        return;
    }
    let setup = Setup::through("systemd-socket-activate", &["--listen"]);
    let (path, state) = (setup.path("activated"), setup.path("state"));
    let state = format!("APIKEYD_STATE_DIR={}", state.display());
    let arguments = [path.to_str().unwrap(), "--setenv", &state, PROGRAM];
    let mut daemon = setup.with(|start| start.args(arguments)).launch();
    // The tool listens before it starts anything, and starts the daemon at the first caller.
    let mut client = loop {
        match UnixStream::connect(&path) {
            Ok(_) => break RawClient::greeted(&path),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert_eq!(client.ask(Opcode::Status, &Empty {}).status(), Status::Ok);
    assert!(daemon.stop().success(), "{}", daemon.log());
}

#[test]
fn what_cannot_be_served_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let not_listening = UnixStream::pair().unwrap().0;
    let datagram = UnixDatagram::bind(dir.path().join("d")).unwrap();
    let unix = |name: &str| -> OwnedFd { UnixListener::bind(dir.path().join(name)).unwrap().into() };
    let cases: Vec<(OwnedFd, Option<&str>, &str)> = vec![
        (File::open("/etc/hostname").unwrap().into(), None, "not a listening Unix stream socket"),
        (TcpListener::bind("127.0.0.1:0").unwrap().into(), None, "not a listening Unix stream socket"),
        (datagram.into(), None, "not a listening Unix stream socket"),
        (not_listening.into(), None, "not a listening Unix stream socket"),
        (unix("a"), Some("metrics.socket"), "named \"metrics.socket\""),
        (unix("b"), Some("apikeyd.socket:more"), "are inconsistent"),
    ];
    for (handed_over, names, reason) in cases {
        let mut daemon = activated(to_be_activated(), handed_over, names).launch();
        assert_eq!(daemon.wait().code(), Some(78), "{}", daemon.log());
        assert!(daemon.log().contains(reason), "{}", daemon.log());
    }
    let mut two = activated(to_be_activated(), unix("c"), None).env("LISTEN_FDS", "2").launch();
    assert_eq!(two.wait().code(), Some(78), "the second descriptor is not open: {}", two.log());
}

#[test]
fn a_hand_over_to_another_process_is_not_taken() {
    let daemon = Setup::new().env("LISTEN_FDS", "1").env("LISTEN_PID", "1").start();
    let mut client = RawClient::greeted(&daemon.socket());
    assert_eq!(client.ask(Opcode::Status, &Empty {}).status(), Status::Ok);
}

#[test]
fn the_service_manager_is_told_what_happens() {
    let mut daemon = Running::start();
    let status = daemon.wait_told("STATUS=");
    assert!(status.contains("0 active keys, 0 connections, 0 requests/s"), "{status}");
    daemon.signal(Signal::HUP);
    let reloading = daemon.wait_told("RELOADING=1");
    let since = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC=")).unwrap();
    assert!(since.parse::<u64>().unwrap() > 0, "in the same datagram: {reloading:?}");
    daemon.wait_told("READY=1");
    daemon.signal(Signal::TERM);
    daemon.wait_told("STOPPING=1");
    assert!(daemon.wait().success());
}

#[test]
fn the_watchdog_is_fed_only_while_the_socket_answers() {
    let mut daemon = Setup::new().env("WATCHDOG_USEC", "400000").start();
    daemon.wait_told("WATCHDOG=1");
    daemon.wait_told("WATCHDOG=1");
    std::fs::remove_file(daemon.socket()).unwrap();
    // One more may be on its way; then silence, although the process runs as before.
    while daemon.told_within(Duration::from_secs(1)).is_some_and(|note| !note.contains("STATUS=")) {}
    let fed = (0..3)
        .filter_map(|_| daemon.told_within(Duration::from_millis(500)))
        .any(|note| note.contains("WATCHDOG=1"));
    assert!(!fed, "the watchdog was fed although nobody can reach the daemon");
    assert!(daemon.log().contains("the watchdog is not fed"), "{}", daemon.log());
}

#[test]
fn a_service_manager_that_does_not_read_holds_nobody_up() {
    let mut daemon = Running::start();
    // Two notes for each: far more than the queue of a socket holds that nobody reads.
    for reloads in 1..=20 {
        daemon.signal(Signal::HUP);
        let deadline = Instant::now() + Duration::from_secs(30);
        while daemon.log().matches("rights and policy were read again").count() < reloads {
            assert!(
                Instant::now() < deadline,
                "after {reloads} reloads nobody is left to do another:\n{}",
                daemon.log()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    let mut client = RawClient::greeted(&daemon.socket());
    assert_eq!(client.ask(Opcode::Status, &Empty {}).status(), Status::Ok);
    assert!(daemon.stop().success(), "{}", daemon.log());
}

#[test]
fn without_a_service_manager_nothing_is_missing() {
    let mut daemon = Setup::new().with(Start::unmanaged).env("WATCHDOG_USEC", "1").launch();
    let mut client = loop {
        match UnixStream::connect(daemon.socket()) {
            Ok(_) => break RawClient::greeted(&daemon.socket()),
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert_eq!(client.ask(Opcode::Status, &Empty {}).status(), Status::Ok);
    assert!(daemon.stop().success(), "{}", daemon.log());
}
