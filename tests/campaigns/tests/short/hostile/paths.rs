//! What others put into the way of the socket, and what they can read of the daemon's files.

use super::binary;
use apikeyd_campaigns::hostile::strangers::{NOBODY, are_other_users, spawn_as};
use apikeyd_client::{Client, Error, Verdict};
use apikeyd_kit::daemon::Start;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::scratch::Scratch;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use apikeyd_tests::filling::issue;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Exit code of a daemon whose configuration cannot be used (`EX_CONFIG`, sysexits.h).
const CONFIGURATION: Option<i32> = Some(78);

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A directory of its own for the socket.
fn directory(scratch: &Scratch, mode: u32) -> PathBuf {
    let directory = scratch.path("run");
    fs::create_dir(&directory).unwrap();
    set_mode(&directory, mode);
    directory
}

#[test]
fn a_socket_path_that_is_a_link_is_refused_and_its_target_left_alone() {
    let scratch = Scratch::new(binary());
    let accounts = scratch.write("accounts", "root:x:0:0\n");
    let (link, lives) = (scratch.path("link.sock"), scratch.path("lives.sock"));
    let listener = UnixListener::bind(&lives).unwrap();
    for target in [accounts.as_path(), &lives, &scratch.path("nothing"), Path::new("/dev/null")] {
        symlink(target, &link).unwrap();
        let (status, log) = Start::new(&scratch).socket(link.clone()).fails();
        assert_eq!(status.code(), CONFIGURATION, "{log}");
        assert!(log.contains("is a symbolic link"), "{log}");
        assert_eq!(fs::read_link(&link).unwrap(), target);
        fs::remove_file(&link).unwrap();
    }
    assert_eq!(fs::read(&accounts).unwrap(), b"root:x:0:0\n");
    assert!(!scratch.path("nothing").exists());
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "the daemon knocked at what the link points to");
}

#[test]
fn a_directory_that_others_may_write_is_refused() {
    let scratch = Scratch::new(binary());
    let directory = directory(&scratch, 0o777);
    let start = || Start::new(&scratch).socket(directory.join("apikeyd.sock"));
    for mode in [0o777, 0o757, 0o775] {
        set_mode(&directory, mode);
        let (status, log) = start().fails();
        assert_eq!(status.code(), CONFIGURATION, "{log}");
        assert!(log.contains(&format!("(mode {mode:04o})")) && log.contains("chmod go-w"), "{log}");
    }
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0, "nothing was made there");
    set_mode(&directory, 0o755);
    assert!(start().ready().stop().success());
    if are_other_users() {
        chown(&directory, Some(NOBODY), None).unwrap();
        let (status, log) = start().fails();
        assert_eq!(status.code(), CONFIGURATION, "{log}");
        assert!(log.contains(&format!("belongs to uid {NOBODY}")), "{log}");
    }
}

#[test]
fn a_directory_put_in_the_place_of_the_sockets_is_not_served_and_its_impostor_not_believed() {
    if !are_other_users() {
        return;
    }
    let scratch = Scratch::new(binary());
    let directory = directory(&scratch, 0o755);
    let socket = directory.join("apikeyd.sock");
    let daemon = Start::new(&scratch).socket(socket.clone()).ready();
    let mut steady = RawClient::greeted(&socket);

    fs::rename(&directory, scratch.path("away")).unwrap();
    fs::create_dir(&directory).unwrap();
    set_mode(&directory, 0o777);
    let at = socket.clone();
    let impostor = spawn_as(NOBODY, move || UnixListener::bind(at).unwrap()).join().unwrap();
    set_mode(&socket, 0o666);

    assert_eq!(steady.ask(Opcode::Status, &Empty {}).status(), Status::Ok, "who is in stays in");
    let client = Client::builder().socket(&socket).build().unwrap();
    let error = client.status().unwrap_err();
    assert!(matches!(error, Error::WrongServer { uid: NOBODY, .. }), "{error}");
    assert_eq!(
        fs::read_dir(&directory).unwrap().count(),
        1,
        "the daemon made nothing in a foreign directory"
    );

    assert!(daemon.stop().success());
    assert!(socket.exists(), "the impostor's socket is not the daemon's to remove");
    drop(impostor);
}

#[test]
fn every_file_is_closed_to_others_under_any_umask() {
    for umask in ["000", "022", "077"] {
        let scratch = Scratch::new(binary());
        let state = scratch.path("deep");
        let daemon = with_umask(&scratch, umask).state_dir(state.clone()).ready();
        let client = Client::builder().socket(daemon.socket()).build().unwrap();
        let key = issue(&client, "alice");
        client.reload().unwrap();
        let copy = client.backup().unwrap().file.metadata().unwrap();
        assert_eq!((copy.mode() & 0o7777, copy.nlink()), (0o600, 0), "the backup's file");
        client.delete(key.id()).unwrap();
        check_closed(&scratch, &state);
        assert!(daemon.stop().success());
        check_closed(&scratch, &state);
    }
}

fn with_umask(scratch: &Scratch, umask: &str) -> Start {
    Start::program(scratch, Path::new("/bin/sh"))
        .arg("-c")
        .arg(format!("umask {umask}; exec \"$0\" \"$@\""))
        .arg(scratch.daemon())
}

fn check_closed(scratch: &Scratch, state: &Path) {
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o7777;
    assert_eq!(mode(state), 0o700);
    assert_eq!(mode(&scratch.path(&Scratch::page_name_of(state))), 0o600);
    let files: Vec<PathBuf> = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 2, "pepper and database: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_name_never_becomes_a_path() {
    let scratch = Scratch::new(binary());
    let state = scratch.path("deep");
    let daemon = Start::new(&scratch).state_dir(state.clone()).ready();
    let client = Client::builder().socket(daemon.socket()).build().unwrap();
    let listed = || {
        let below = |path: &Path| -> Vec<PathBuf> {
            let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
            names.sort();
            names
        };
        [below(scratch.dir()), below(&state)]
    };
    let before = listed();
    for user in
        ["../escaped", "../../escaped", "/escaped", "a/b", "..", ".", "state/apikeyd.redb", "%2e%2e/x"]
    {
        let key = issue(&client, user);
        assert!(
            matches!(client.validate(&key).unwrap(), Verdict::Valid(valid) if valid.user.as_str() == user)
        );
        client.backup().unwrap();
        client.delete(key.id()).unwrap();
    }
    assert_eq!(listed(), before);
    assert!(!Path::new("/escaped").exists());
}
