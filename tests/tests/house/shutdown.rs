//! Stopping, and what must not stop.

use crate::support::{House, binary};
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use rustix::process::Signal;
use std::os::unix::net::UnixStream;

#[test]
fn sigterm_ends_cleanly_and_takes_the_socket_along() {
    let house = House::open();
    let key = house.issue("alice");
    assert!(house.daemon.stop().success());
    assert!(!house.scratch.socket().exists());
    let run = house.ctl.run(["status"]);
    assert_eq!(run.code, 69, "{run:?}");
    let daemon = Daemon::start(&house.scratch);
    assert_eq!(house.ctl.run_with_input(["validate"], key.text.as_bytes()).stdout, "alice\n");
    drop(daemon);
}

#[test]
fn a_second_sigterm_ends_at_once() {
    let mut house = House::open();
    // A peer that never says hello keeps the drain busy for its time-out.
    let _silent = UnixStream::connect(house.scratch.socket()).expect("a connection");
    house.daemon.signal(Signal::TERM);
    house.daemon.wait_told("STOPPING=1");
    house.daemon.signal(Signal::TERM);
    let _ = house.daemon.wait();
}

#[test]
fn a_second_daemon_on_the_same_store_ends_with_an_error() {
    let house = House::open();
    let scratch = Scratch::new(binary());
    let (status, log) = Start::new(&scratch).state_dir(house.scratch.state()).fails();
    assert!(!status.success());
    assert!(log.contains("another"), "{log}");
    assert_eq!(house.ctl.run(["status"]).code, 0, "the first goes on");
}

#[test]
fn a_live_daemons_socket_is_not_taken() {
    let house = House::open();
    let scratch = Scratch::new(binary());
    let (status, log) = Start::new(&scratch).socket(house.scratch.socket()).fails();
    assert!(!status.success());
    assert!(log.contains("socket"), "{log}");
    assert_eq!(house.ctl.run(["status"]).code, 0, "the first goes on");
}

#[test]
fn files_are_private_under_any_umask() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::open();
    let _ = house.issue("alice");
    for entry in std::fs::read_dir(house.scratch.state()).expect("the state directory").flatten() {
        let mode = entry.metadata().expect("its metadata").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}
