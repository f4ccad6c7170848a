//! Finding the daemon, greeting it, and finding it again.

use crate::asker::{both, both_with};
use apikeyd_client::{Error, ProtocolError, Right, Waiting, WelcomeCode};
use apikeyd_kit::answers::answer_well;
use apikeyd_kit::fake_daemon::{FakeDaemon, Peer};
use apikeyd_protocol::hello::{VERSION, Version, Welcome};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept, bind, connect, listen};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

#[test]
fn where_nobody_listens_is_an_error_at_once_that_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let dead = dir.path().join("dead");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    for path in [dir.path().join("absent"), dead] {
        for asker in both(&path) {
            let began = Instant::now();
            let error = asker.validate().unwrap_err();
            assert!(matches!(&error, Error::Unreachable { socket, .. } if *socket == path), "{error}");
            assert!(error.is_retryable());
            let sentence = error.to_string();
            let advice =
                format!("no daemon listens at {}: start apikeyd or set APIKEYD_SOCKET", path.display());
            assert!(sentence.starts_with(&advice), "{sentence}");
            assert!(began.elapsed() < Duration::from_secs(5));
        }
    }
}

#[test]
fn what_is_no_socket_is_named_and_not_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    for (path, is) in [(file, "a file"), (dir.path().into(), "a directory")] {
        for asker in both(&path) {
            let error = asker.validate().unwrap_err();
            assert!(matches!(&error, Error::NotASocket { kind, .. } if *kind == is), "{error}");
            assert!(!error.is_retryable());
        }
    }
}

#[test]
fn the_rights_are_those_of_the_welcome() {
    let fake = FakeDaemon::welcoming(|_| ());
    for asker in both(fake.path()) {
        let rights = asker.rights().unwrap();
        assert!(rights.contains(Right::Validate) && !rights.contains(Right::Issue));
    }
}

#[test]
fn a_refused_hello_tells_its_reason() {
    for (code, retryable) in [
        (WelcomeCode::BadHello, false),
        (WelcomeCode::UnsupportedVersion, false),
        (WelcomeCode::NotPermitted, false),
        (WelcomeCode::TooManyConnections, true),
        (WelcomeCode::Other(77), false),
    ] {
        let fake = FakeDaemon::start(move |_, mut peer| {
            peer.welcome_as(|_| Welcome::refusal(code));
            peer.wait_for_end();
        });
        for asker in both(fake.path()) {
            let error = asker.validate().unwrap_err();
            assert!(
                matches!(error, Error::Refused { code: got, version: VERSION } if got == code),
                "{error}"
            );
            assert_eq!(error.is_retryable(), retryable);
        }
        assert_eq!(fake.connections(), both(fake.path()).len());
    }
}

#[test]
fn a_daemon_that_is_ending_is_waited_for() {
    let fake = FakeDaemon::start(|number, mut peer| {
        if number % 4 < 3 {
            return peer.welcome_as(|_| Welcome::refusal(WelcomeCode::ShuttingDown));
        }
        peer.welcome();
        peer.serve("back");
    });
    for asker in both(fake.path()) {
        assert_eq!(
            asker.generate().map(|generated| generated.key_id).unwrap(),
            apikeyd_kit::answers::key(9).id()
        );
    }
}

#[test]
fn a_daemon_that_stays_ending_is_an_error_before_the_deadline() {
    let fake = FakeDaemon::start(|_, mut peer| {
        // Nothing comes from a client whose time ends between its connect and its hello.
        if peer.read() > 0 {
            peer.send(&Welcome::refusal(WelcomeCode::ShuttingDown).encode());
        }
    });
    for asker in both_with(fake.path(), |builder| builder.timeout(Duration::from_millis(200))) {
        let began = Instant::now();
        let error = asker.validate().unwrap_err();
        assert!(matches!(error, Error::Refused { code: WelcomeCode::ShuttingDown, .. }), "{error}");
        assert!(error.is_retryable());
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_welcome_that_is_none_is_an_error() {
    let fake = FakeDaemon::start(|_, mut peer| {
        peer.hello();
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.wait_for_end();
    });
    for asker in both(fake.path()) {
        assert!(matches!(asker.validate(), Err(Error::Protocol(ProtocolError::Greeting(_)))));
    }
    let next_major = Version { major: VERSION.major + 1, minor: 0 };
    let fake = FakeDaemon::start(move |_, mut peer| {
        peer.welcome_as(|hello| Welcome {
            version: next_major,
            ..Welcome::accept(hello, apikeyd_client::RightSet::EMPTY, 1)
        });
        peer.wait_for_end();
    });
    for asker in both(fake.path()) {
        let error = asker.validate().unwrap_err();
        assert!(matches!(error, Error::Protocol(ProtocolError::Version(v)) if v == next_major), "{error}");
    }
}

#[test]
fn a_welcome_with_the_tail_of_a_later_version_is_accepted() {
    let fake = FakeDaemon::start(|_, mut peer| {
        let hello = peer.hello();
        let mut bytes = Welcome::accept(&hello, apikeyd_client::RightSet::EMPTY, 1).encode().to_vec();
        bytes.extend_from_slice(&[0xA5; 40]);
        let length = u16::try_from(bytes.len()).unwrap().to_le_bytes();
        bytes[8..10].copy_from_slice(&length);
        bytes.chunks(7).for_each(|part| peer.send(part));
        peer.serve("later");
    });
    for asker in both(fake.path()) {
        assert_eq!(asker.user(), "later");
    }
}

#[test]
fn a_server_that_closes_without_a_welcome_is_tried_again_and_then_an_error() {
    let fake = FakeDaemon::start(|number, mut peer| {
        peer.hello();
        if number % 3 == 2 {
            peer.send(&Welcome::refusal(WelcomeCode::NotPermitted).encode());
        }
    });
    for asker in both(fake.path()) {
        assert!(matches!(asker.validate(), Err(Error::Refused { .. })), "the third attempt was answered");
    }
    let fake = FakeDaemon::start(|_, mut peer| {
        peer.hello();
    });
    for (clients, asker) in both(fake.path()).into_iter().enumerate() {
        let error = asker.validate().unwrap_err();
        assert!(matches!(error, Error::NoWelcome { .. }), "{error}");
        assert_eq!(fake.connections(), 3 * (clients + 1));
    }
}

#[test]
fn a_server_that_says_nothing_costs_the_timeout() {
    let fake = FakeDaemon::start(|_, mut peer| peer.wait_for_end());
    for asker in both_with(fake.path(), |builder| builder.timeout(Duration::from_millis(150))) {
        let error = asker.validate().unwrap_err();
        assert!(matches!(error, Error::TimedOut { waiting: Waiting::Welcome, .. }), "{error}");
    }
}

/// A daemon that answers one request, and goes away when it is told to.
fn answering_once(path: &Path, user: &'static str) -> (FakeDaemon, Sender<()>) {
    let (end, ended) = channel();
    let ended = Mutex::new(ended);
    let fake = FakeDaemon::start_at(path, move |_, mut peer| {
        peer.welcome();
        peer.reply(|asked| answer_well(asked, user));
        ended.lock().unwrap().recv().unwrap();
    });
    (fake, end)
}

#[test]
fn a_restarted_daemon_is_found_again_for_every_request() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    for index in 0..both(&path).len() {
        let asker = both(&path).remove(index);
        let (before, end) = answering_once(&path, "before");
        assert_eq!(asker.user(), "before");
        // The connection is closed while nobody asks, so that the client learns it with its next request.
        end.send(()).unwrap();
        drop(before);
        let (between, end) = answering_once(&path, "between");
        assert!(asker.generate().is_ok(), "nothing had been sent, so this may be tried again as well");
        end.send(()).unwrap();
        drop(between);
        let (_after, end) = answering_once(&path, "after");
        assert_eq!(asker.user(), "after");
        end.send(()).unwrap();
    }
}

#[test]
fn a_daemon_that_goes_away_in_the_middle_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    for index in 0..both(&path).len() {
        let asker = both(&path).remove(index);
        let fake_path = path.clone();
        let (stopped, is_stopped) = channel();
        let first = FakeDaemon::start_at(&path, move |_, mut peer| {
            peer.welcome();
            peer.request().unwrap();
            // Gone from the file system before the client can notice that the connection is.
            std::fs::remove_file(&fake_path).unwrap();
            stopped.send(()).unwrap();
        });
        let answer = std::thread::scope(|scope| {
            let asking = scope.spawn(move || asker.user());
            is_stopped.recv().unwrap();
            // Dropped before the next one starts, since it removes its path.
            drop(first);
            // The client meets an absent daemon meanwhile, or does not, as the threads happen to run.
            let _second = FakeDaemon::start_at(&path, |_, mut peer| {
                peer.welcome();
                peer.serve("restarted");
            });
            asking.join().unwrap()
        });
        assert_eq!(answer, "restarted");
    }
}

/// A listener with room for one waiting connection, which is taken.
fn full_backlog(path: &Path) -> (OwnedFd, Vec<OwnedFd>) {
    let address = SocketAddrUnix::new(path).unwrap();
    let socket = || {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap()
    };
    let listener = socket();
    bind(&listener, &address).unwrap();
    listen(&listener, 0).unwrap();
    let mut waiting = Vec::new();
    loop {
        let next = socket();
        match connect(&next, &address) {
            Ok(()) => waiting.push(next),
            Err(errno) => {
                assert_eq!(errno, rustix::io::Errno::AGAIN);
                return (listener, waiting);
            }
        }
    }
}

#[test]
fn a_full_backlog_costs_the_timeout_and_is_joined_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let (listener, waiting) = full_backlog(&path);
    for asker in both_with(&path, |builder| builder.timeout(Duration::from_millis(150))) {
        let error = asker.validate().unwrap_err();
        assert!(matches!(error, Error::TimedOut { waiting: Waiting::Connect, .. }), "{error}");
    }
    std::thread::scope(|scope| {
        let askers = both(&path);
        let count = askers.len();
        for asker in askers {
            scope.spawn(move || assert!(asker.rights().is_ok()));
        }
        let mut accepted = Vec::new();
        while accepted.len() < waiting.len() + count {
            match accept(&listener) {
                Ok(stream) => accepted.push(stream),
                Err(errno) => {
                    assert_eq!(errno, rustix::io::Errno::AGAIN);
                    std::thread::yield_now();
                }
            }
        }
        // The first of the queue are those that filled it.
        for stream in accepted.drain(waiting.len()..) {
            let mut peer = Peer::new(stream.into());
            peer.welcome();
            peer.wait_for_end();
        }
    });
}
