//! How `validate` reads a key.

use crate::program::{Peer, program, run, run_with_input};
use crate::samples::{NOW, key};
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::message::{Operation, Refusal, ValidKey, Validate, Verdict};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::RevocationCause;
use std::process::Stdio;

fn valid() -> Reply {
    let key = key();
    let verdict = ValidKey {
        user: "alice",
        key_id: key.id(),
        label: Some("build server"),
        expires_at: Some(NOW),
        freshness: Default::default(),
    };
    let asked = Validate::new(key.id(), key.digest());
    Reply::ok(Opcode::Validate, &Verdict::Valid(verdict)).to(&asked)
}

#[test]
fn one_line_end_is_not_part_of_the_key() {
    for end in ["", "\n", "\r\n"] {
        let input = format!("{}{end}", key().expose());
        Peer::answering([valid()]).run_with_input(["validate"], input.as_bytes()).is(0, "alice\n", "");
    }
}

#[test]
fn a_key_file_is_read_like_standard_input() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    std::fs::write(&file, format!("{}\n", key().expose())).unwrap();
    let arguments = ["validate".as_ref(), "--key-file".as_ref(), file.as_os_str()];
    Peer::answering([valid()]).run(arguments).is(0, "alice\n", "");
    run(["validate", "--key-file", "/nonexistent/key"]).fails(2, "cannot read the key file /nonexistent/key");
    run(["validate", "--key-file", "/"]).fails(2, "cannot read the key file /");
}

#[test]
fn what_is_no_key_is_refused_without_a_daemon() {
    let text = key().expose().to_owned();
    let mut wrong = text.clone();
    wrong.replace_range(30..31, if &text[30..31] == "x" { "y" } else { "x" });
    for (input, saying) in [
        (String::new(), "no key was given"),
        ("\n".into(), "no key was given"),
        ("k".into(), "characters; this has 1"),
        (format!(" {text}"), "prefix"),
        (format!("{text} \n"), "not have the form of a key"),
        (format!("\u{feff}{text}"), ""),
        (format!("{text}\n{text}\n"), "one key"),
        (wrong, "checksum"),
        (text.to_uppercase(), ""),
    ] {
        let run = run_with_input(["validate"], input.as_bytes());
        assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{input:?}: {run:?}");
        assert!(run.stdout.starts_with("refused: ") && run.stdout.contains(saying), "{input:?}: {run:?}");
        assert_eq!(run.stdout.lines().count(), 1, "{run:?}");
        assert!(!run.stdout.contains(&text[20..40]), "a part of the key is repeated: {run:?}");
    }
}

#[test]
fn an_endless_key_is_not_read_to_its_end() {
    let mut command = program();
    let zeros = std::fs::File::open("/dev/zero").unwrap();
    let output = command.arg("validate").stdin(zeros).stderr(Stdio::inherit()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.starts_with(b"refused: "), "{output:?}");
}

#[test]
fn every_reason_has_its_word() {
    for (refusal, words) in [
        (Refusal::Invalid, "invalid"),
        (Refusal::UnknownKey, "unknown key"),
        (Refusal::NotSaved, "not saved yet"),
        (Refusal::WrongSecret, "wrong secret"),
        (Refusal::Revoked(RevocationCause::Deleted), "deleted"),
        (Refusal::Revoked(RevocationCause::CredentialsChanged), "credentials-changed"),
        (Refusal::Damaged, "damaged record; restore the database from a backup"),
        (Refusal::OperationDenied("change a user"), "operation denied by the policy table: change a user"),
        (Refusal::OperationDenied(""), "operation denied; no row of the policy table allows it"),
        (Refusal::OperationAmbiguous("why"), "operation ambiguous: why"),
    ] {
        let answer = Reply::ok(Opcode::Validate, &Verdict::Refused(refusal));
        let run = Peer::answering([answer]).run_with_input(["validate"], key().expose().as_bytes());
        run.is(1, &format!("refused: {words}\n"), "");
    }
}

#[test]
fn an_operation_goes_to_the_daemon_byte_by_byte() {
    use std::os::unix::ffi::OsStrExt;
    let key = key();
    let operation = Operation::new(b"PUT", b"/api/\xff?a=%00");
    let asked = Validate::new(key.id(), key.digest()).operation(operation);
    let answer =
        Reply::ok(Opcode::Validate, &Verdict::Refused(Refusal::OperationAmbiguous("why"))).to(&asked);
    let path = std::ffi::OsStr::from_bytes(operation.target);
    let arguments = ["validate".as_ref(), "--method".as_ref(), "PUT".as_ref(), "--path".as_ref(), path];
    let run = Peer::answering([answer]).run_with_input(arguments, key.expose().as_bytes());
    assert_eq!(run.code, 1, "{run:?}");
}
