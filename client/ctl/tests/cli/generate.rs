//! `generate` and `save`: no key is lost unseen, and none is believed saved that is not.

use crate::program::Peer;
use crate::samples::{LATER, generated, id, key, record, user};
use apikeyd_kit::ctl::finish;
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{Delete, DeleteOutcome, Deleted, Generate, Save, Saved};
use apikeyd_protocol::name::Label;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::SaveMode;
use std::fs::File;
use std::process::Stdio;

fn draft() -> Reply {
    Reply::ok(Opcode::Generate, &generated())
}

fn save(mode: SaveMode) -> Save {
    Save::new(key().id(), mode)
}

fn saved(mode: SaveMode) -> Reply {
    let replaced = (mode == SaveMode::Replace).then(|| id("00000000zZ"));
    Reply::ok(Opcode::Save, &Saved { key: record(), replaced }).to(&save(mode))
}

/// The key is deleted.
fn deleted() -> Reply {
    let outcome = DeleteOutcome::DraftDiscarded;
    let deleted = Deleted { key_id: key().id(), user: user("alice"), outcome };
    Reply::ok(Opcode::Delete, &deleted).to(&Delete::new(key().id()))
}

#[test]
fn standard_output_has_the_key_alone_and_standard_error_says_how_to_save_it() {
    let asked = Generate::new(user("alice")).label(Label::parse("build server").unwrap()).expires_at(LATER);
    let arguments = ["generate", "alice", "--label", "build server", "--expires", "2027-02-22T20:24:05.120Z"];
    let run = Peer::answering([draft().to(&asked)]).run(arguments);
    let note = format!(
        "apikeyctl: not saved yet: `apikeyctl save {}` saves the key until 2026-11-24T20:24:05Z\n",
        key().id()
    );
    run.is(0, &format!("{}\n", key().expose()), &note);
    let run = Peer::answering([draft()]).run(["generate", "alice", "--replace"]);
    assert!(run.stderr.contains(&format!("`apikeyctl save {} --replace`", key().id())), "{run:?}");
}

#[test]
fn with_save_the_key_is_written_when_it_counts() {
    let run = Peer::answering([draft(), saved(SaveMode::Add)]).run(["generate", "alice", "--save"]);
    let note = format!("apikeyctl: saved {} as the key of alice\n", key().id());
    run.is(0, &format!("{}\n", key().expose()), &note);
    let run = Peer::answering([draft(), saved(SaveMode::Replace)]).run([
        "generate",
        "alice",
        "--save",
        "--replace",
    ]);
    let note = format!("apikeyctl: saved {} as the key of alice, replacing 00000000zZ\n", key().id());
    run.is(0, &format!("{}\n", key().expose()), &note);
}

#[test]
fn a_key_that_could_not_be_saved_is_deleted_unseen() {
    for (status, code) in [(Status::Conflict, 4), (Status::NotFound, 3), (Status::StorageUnavailable, 75)] {
        let refusal = Reply::failure(Opcode::Save, status, "the daemon's words");
        let run = Peer::answering([draft(), refusal, deleted()]).run(["generate", "alice", "--save"]);
        run.fails(code, "the daemon's words; the key is not shown; the key was deleted");
    }
}

#[test]
fn a_saved_key_that_could_not_be_written_is_revoked() {
    let peer = Peer::answering([draft(), saved(SaveMode::Add), deleted()]);
    let mut command = peer.program();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command.args(["generate", "alice", "--save"]).stdout(full).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "{stderr}");
    assert!(stderr.contains("No space left") && stderr.contains("the key was deleted"), "{stderr}");
}

#[test]
fn a_draft_whose_reader_went_away_is_discarded_and_that_is_said() {
    let peer = Peer::answering([draft(), deleted()]);
    let mut command = peer.program();
    command.args(["generate", "alice"]).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    let output = command.stdout(writer).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "a lost key is no quiet matter: {stderr}");
    assert!(stderr.contains("the key was deleted"), "{stderr}");
}

#[test]
fn save_says_what_it_did_and_what_would_do_it() {
    let run = Peer::answering([saved(SaveMode::Replace)]).run(["save", &key().id().to_string(), "--replace"]);
    run.is(0, &format!("saved {} as the key of alice, replacing 00000000zZ\n", key().id()), "");
    let conflict = Reply::failure(Opcode::Save, Status::Conflict, "alice has a key").to(&save(SaveMode::Add));
    let run = Peer::answering([conflict]).run(["save", &key().id().to_string()]);
    run.fails(4, &format!("alice has a key; `apikeyctl save {} --replace`", key().id()));
}

#[test]
fn with_json_the_object_holds_the_key_and_nothing_is_asked() {
    let peer = Peer::answering([draft()]);
    let mut command = peer.program();
    command.args(["--json", "generate", "alice"]);
    let run = finish(command, b"y\n");
    let object: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!((&object["key"], &object["saved"]), (&key().expose().into(), &false.into()));
}
