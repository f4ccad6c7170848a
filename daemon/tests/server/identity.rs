//! Who calls is what the kernel says, whatever the caller does about it.

use crate::running::{PROGRAM, Setup};
use apikeyd_kit::bytes::request;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::users::{as_user, is_root};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::{Hello, WelcomeCode};
use apikeyd_protocol::message::{self, Empty, Generate};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::{Right, RightSet};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, connect, socket};
use rustix::process::Signal;
use std::os::unix::net::UnixStream;

const CONFIG: &str = "[rights]\nvalidate = { users = [4001] }";

#[test]
fn a_connection_keeps_the_user_who_made_it_whoever_speaks_on_it() {
    if !is_root() {
        return;
    }
    let daemon = Setup::new().config(CONFIG).start();
    // Stopped, so that who connects is gone before the daemon accepts.
    daemon.signal(Signal::STOP);
    let connected = |uid| {
        let socket = daemon.socket();
        as_user(uid, &[], move || RawClient::silent(&socket))
    };
    let (mut with_a_right, mut without) = (connected(4001), connected(4002));
    daemon.signal(Signal::CONT);
    for client in [&mut with_a_right, &mut without] {
        let _gone = client.try_send(&Hello::CURRENT.encode());
    }
    // Root speaks here, and has no more rights on these connections than their makers.
    assert_eq!(without.welcome().code, WelcomeCode::NotPermitted);
    let welcome = with_a_right.welcome();
    assert_eq!(
        (welcome.code, welcome.rights),
        (WelcomeCode::Accepted, RightSet::EMPTY.with(Right::Validate))
    );
    let generate = Generate::new(UserId::parse("alice").unwrap());
    assert_eq!(with_a_right.ask(Opcode::Generate, &generate).status(), Status::NotPermitted);
    assert_eq!(with_a_right.ask(Opcode::Backup, &Empty {}).status(), Status::NotPermitted);
    assert_eq!(with_a_right.ask(Opcode::FilesInForce, &Empty {}).status(), Status::NotPermitted);
}

#[test]
fn the_name_that_a_caller_gives_its_own_socket_means_nothing() {
    if !is_root() {
        return;
    }
    let daemon = Setup::new().config(CONFIG).start();
    let claims = tempfile::tempdir().unwrap();
    std::fs::set_permissions(claims.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let in_a_file = ["a;uid=0;", "b\nuid=0 pid=1", "c\u{1b}[2J"]
        .map(|name| SocketAddrUnix::new(claims.path().join(name)));
    let abstractly = [&b"uid=0"[..], &[b'x'; 107], b"\n;uid=0;\0"].map(SocketAddrUnix::new_abstract_name);
    for own in in_a_file.into_iter().chain(abstractly) {
        let (own, path) = (own.unwrap(), daemon.socket());
        let code = as_user(4002, &[], move || {
            let caller = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
            bind(&caller, &own).unwrap();
            connect(&caller, &SocketAddrUnix::new(path).unwrap()).unwrap();
            let mut client = RawClient::on(UnixStream::from(caller));
            let _gone = client.try_send(&Hello::CURRENT.encode());
            client.welcome().code
        });
        assert_eq!(code, WelcomeCode::NotPermitted);
    }
    let log = daemon.log();
    assert!(log.contains("uid=4002") && !log.contains("uid=0"), "{log}");
}

#[test]
fn only_streams_connect() {
    let daemon = Setup::new().start();
    for kind in [SocketType::SEQPACKET, SocketType::DGRAM] {
        let other = socket(AddressFamily::UNIX, kind, None).unwrap();
        let address = SocketAddrUnix::new(daemon.socket()).unwrap();
        assert_eq!(connect(&other, &address), Err(Errno::PROTOTYPE));
    }
    let mut client = RawClient::greeted(&daemon.socket());
    let _alive: message::DaemonStatus = client.ask(Opcode::Status, &Empty {}).message();
}

#[test]
fn the_queue_and_the_descriptors_that_were_asked_for_are_there() {
    let script = "ulimit -Sn 256; exec \"$0\"";
    let daemon =
        Setup::through("/bin/sh", &["-c", script, PROGRAM]).config("[limits]\nconnections = 700").start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let open_files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = open_files.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(soft >= 700 + 128, "{open_files}");
    // A queue of 128, which is what most libraries ask for, would be full.
    daemon.signal(Signal::STOP);
    let waiting: Vec<_> = (0..300).map(|_| RawClient::silent_now(&daemon.socket())).collect();
    daemon.signal(Signal::CONT);
    for mut client in waiting {
        client.send(&Hello::CURRENT.encode());
        assert_eq!(client.welcome().code, WelcomeCode::Accepted);
        client.send(&request(Opcode::Status, 1, &Empty {}));
        assert_eq!(client.answer().status(), Status::Ok);
    }
}
