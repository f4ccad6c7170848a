//! Sockets that are none, and daemons that do not answer.

use crate::program::{Peer, program, run_at};
use crate::samples::record;
use apikeyd_kit::ctl::finish;
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::operation::Opcode;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn what_is_no_socket_is_told_from_a_daemon_that_is_absent() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("directory")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), rustix::fs::Mode::RUSR).unwrap();
    std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
    drop(UnixListener::bind(at("dead")).unwrap());
    for name in ["missing", "file", "directory", "fifo", "dangling", "dead"] {
        run_at(&at(name), ["status"]).fails(69, name);
    }
    for (name, kind) in [("file", "a file"), ("directory", "a directory"), ("fifo", "a device or a pipe")] {
        run_at(&at(name), ["status"]).fails(69, &format!("is {kind} and not a socket"));
    }
    run_at(Path::new("@abstract"), ["status"]).fails(69, "@abstract");
    run_at(&at(&"x".repeat(108)), ["status"]).fails(2, "107");
    assert!(at("file").exists() && at("dead").exists(), "nothing is removed");
}

#[test]
fn the_socket_of_the_environment_is_used_and_the_option_goes_first() {
    let mut command = program();
    command.env("APIKEYD_SOCKET", "/nonexistent/e").arg("status");
    finish(command, b"").fails(69, "/nonexistent/e");
    let mut command = program();
    command.env("APIKEYD_SOCKET", "/nonexistent/e").args(["--socket", "/nonexistent/o", "status"]);
    finish(command, b"").fails(69, "/nonexistent/o");
    let mut command = program();
    command.env("APIKEYD_SOCKET", OsStr::from_bytes(b"/nonexistent/\xff")).arg("status");
    finish(command, b"").fails(69, "/nonexistent/");
}

#[test]
fn a_daemon_that_hangs_is_given_up_in_time() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    let _listener = UnixListener::bind(&socket).unwrap();
    let start = Instant::now();
    run_at(&socket, ["--timeout", "300ms", "status"]).fails(69, "--timeout");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn a_daemon_that_dies_while_it_is_asked_is_asked_again_where_that_is_safe() {
    let again = [Reply::death(Opcode::RetrieveUser), Reply::ok(Opcode::RetrieveUser, &record())];
    let run = Peer::answering(again).run(["show", "alice"]);
    assert_eq!(run.code, 0, "{run:?}");
    Peer::answering([Reply::death(Opcode::Generate)]).run(["generate", "alice"]).fails(75, "broke");
}

#[test]
fn each_refusal_of_the_daemon_has_its_exit_code() {
    for (status, code) in [
        (Status::BadRequest, 2),
        (Status::UnknownOpcode, 70),
        (Status::NotPermitted, 77),
        (Status::NotFound, 3),
        (Status::Conflict, 4),
        (Status::InvalidArgument, 2),
        (Status::StorageUnavailable, 75),
        (Status::InvalidConfiguration, 1),
        (Status::Damaged, 70),
        (Status::Internal, 70),
        (Status::Other(999), 70),
    ] {
        let answer = || Reply::failure(Opcode::Reload, status, "what\u{1b}[2J to do");
        let run = Peer::answering([answer()]).run(["policy", "reload"]);
        run.is(code, "", "apikeyctl: what\\u{1b}[2J to do\n");
        let run = Peer::answering([answer()]).run(["--json", "policy", "reload"]);
        let object: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{run:?}");
        assert_eq!(object["error"]["exit_code"], code, "{run:?}");
        assert_eq!(object["error"]["message"], "what\u{1b}[2J to do", "{run:?}");
    }
}
