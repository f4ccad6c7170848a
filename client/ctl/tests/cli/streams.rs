//! Standard output that is full, closed, or read by somebody who has enough.

use crate::program::{Peer, await_output, program};
use crate::samples::{id, record};
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::message::{KeyPage, KeyRecord};
use apikeyd_protocol::operation::Opcode;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const SHIPPED: &str = "default = \"deny\"\n";

fn show(arguments: &[&str]) -> (tempfile::TempDir, Command) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.toml");
    std::fs::write(&file, SHIPPED).unwrap();
    let mut command = program();
    command.args(["policy".as_ref(), arguments[0].as_ref(), "--policy".as_ref(), file.as_os_str()]);
    command.args(&arguments[1..]);
    (directory, command)
}

#[test]
fn a_full_disk_is_a_failure() {
    for arguments in [&["show"][..], &["show", "--json"], &["test", "GET", "/"]] {
        let (_directory, mut command) = show(arguments);
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(70), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"), "{output:?}");
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(program().arg("--help").stdout(full).output().unwrap().status.code(), Some(70));
}

#[test]
fn a_reader_who_has_enough_ends_it_quietly() {
    for (arguments, code) in [(&["show"][..], 0), (&["test", "GET", "/"], 1)] {
        let (_directory, mut command) = show(arguments);
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        drop(reader);
        let output = command.stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("standard output"), "{output:?}");
    }
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    assert_eq!(program().arg("--help").stdout(writer).output().unwrap().status.code(), Some(0));
}

#[test]
fn a_log_without_an_end_is_not_judged_after_the_reader_left() {
    let (_directory, mut command) = show(&["test", "--from", "-"]);
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    let mut child = command.stdin(Stdio::piped()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    drop(command);
    let mut stdin = child.stdin.take().unwrap();
    // Goes on until the program ends and nobody reads here any more.
    while stdin.write_all(b"GET\t/\n").is_ok() {}
    assert_eq!(child.wait().unwrap().code(), Some(1), "what was not judged is not allowed");
}

#[test]
fn each_line_of_a_log_is_answered_before_the_next_is_there() {
    let (_directory, mut command) = show(&["test", "--from", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        stdin.write_all(b"GET\t/\n").unwrap();
        await_output(answers.get_ref());
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert!(answer.starts_with("deny\t"), "{answer:?}");
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

fn page(first: u64, next: Option<u64>) -> KeyPage {
    let record = |number: u64| KeyRecord { key_id: number.try_into().unwrap(), ..record() };
    let next = next.map(|number| number.try_into().unwrap());
    KeyPage { keys: vec![record(first), record(first + 1)], next }
}

#[test]
fn a_list_is_written_page_by_page() {
    let pages = [
        Reply::ok(Opcode::List, &page(1, Some(2))),
        Reply::ok(Opcode::List, &page(3, Some(4))),
        // A page may be empty, and yet not be the last.
        Reply::ok(Opcode::List, &KeyPage { keys: vec![], next: Some(id("0000000008")) }),
        Reply::ok(Opcode::List, &page(9, None)),
    ];
    let run = Peer::answering(pages).run(["list"]);
    let ids: Vec<_> = run.stdout.lines().map(|line| &line[..10]).collect();
    let expected =
        ["KEY_ID\tSTA", "0000000001", "0000000002", "0000000003", "0000000004", "0000000009", "000000000A"];
    assert_eq!(ids, expected, "{run:?}");
    let circle = [Reply::ok(Opcode::List, &page(1, Some(2))), Reply::ok(Opcode::List, &page(1, Some(2)))];
    let run = Peer::answering(circle).run(["list"]);
    assert_eq!(run.code, 70, "{run:?}");
}

#[test]
fn a_reader_who_left_is_not_served_further_pages() {
    let peer = Peer::answering([Reply::ok(Opcode::List, &page(1, Some(2)))]);
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    let output = peer.program().arg("list").stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}
