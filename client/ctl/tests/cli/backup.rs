//! `backup`: a file that is there whole and private, or not at all.

use crate::program::{Peer, program};
use crate::samples::head;
use apikeyd_kit::ctl::Run;
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::BackupReady;
use apikeyd_protocol::operation::Opcode;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

fn ready(bytes: &[u8], claimed: u64) -> Reply {
    let mut copy = tempfile::tempfile().unwrap();
    copy.write_all(bytes).unwrap();
    copy.rewind().unwrap();
    Reply::ok(Opcode::Backup, &BackupReady { bytes: claimed, head: head() }).with(copy)
}

fn backup(peer: Peer, file: &Path) -> Run {
    peer.run(["backup".as_ref(), file.as_os_str()])
}

#[test]
fn the_copy_is_whole_private_and_named_by_its_head() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy");
    let bytes = vec![7; 100_000];
    let note = format!("apikeyctl: wrote 100000 bytes; keep the audit head 42:{}\n", "ab".repeat(32));
    backup(Peer::answering([ready(&bytes, 100_000)]), &file).is(0, "", &note);
    assert_eq!(fs::read(&file).unwrap(), bytes);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn a_file_that_exists_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    fs::write(&file, "precious").unwrap();
    std::os::unix::fs::symlink(directory.path().join("elsewhere"), &link).unwrap();
    for path in [&file, &link] {
        // The daemon is not even asked.
        backup(Peer::answering([]), path).fails(4, "exists");
    }
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert!(!directory.path().join("elsewhere").exists());
    backup(Peer::answering([]), Path::new("/nonexistent/file")).fails(2, "cannot make /nonexistent/file");
}

#[test]
fn nothing_is_left_of_a_backup_that_failed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy");
    backup(Peer::answering([ready(b"short", 100)]), &file).fails(70, "5 of 100 bytes came");
    let refused = Reply::failure(Opcode::Backup, Status::NotPermitted, "admin is needed");
    backup(Peer::answering([refused]), &file).fails(77, "admin is needed");
    assert!(!file.exists());
}

#[test]
fn an_interrupt_leaves_nothing_either() {
    let directory = tempfile::tempdir().unwrap();
    let (file, socket) = (directory.path().join("copy"), directory.path().join("s"));
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut command = program();
    command.arg("--socket").arg(&socket).arg("backup").arg(&file).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The file is made before the daemon is asked, and this daemon never answers.
    let _connection = listener.accept().unwrap();
    assert!(file.exists());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it ends by the signal");
    assert!(!file.exists());
    assert!(File::open(directory.path()).is_ok());
}
