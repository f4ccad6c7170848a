//! JSON.md says what the program writes.

use crate::answers::{denied, files, listed_audit, operation, reloaded, status, verified};
use crate::program::Peer;
use crate::samples::{LATER, ended, generated, head, id, key, record, user};
use apikeyd_kit::ctl::Run;
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{
    BackupReady, DeleteOutcome, Deleted, KeyPage, PolicyAnswer, PolicyPage, PolicyRow, PolicyVerdict,
    Refusal, Saved, Statistics, UserRevoked, ValidKey, Verdict,
};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::{KeyState, RevocationCause};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../JSON.md");

/// The object under a heading.
fn documented(heading: &str) -> Value {
    let section = DOCUMENT.split("\n## ").find(|section| section.lines().next() == Some(heading));
    let section = section.unwrap_or_else(|| panic!("JSON.md has no heading {heading:?}"));
    let block = section.split("```json\n").nth(1).expect("an object").split("```").next().unwrap();
    serde_json::from_str(block).unwrap_or_else(|error| panic!("{heading}: {error}"))
}

#[track_caller]
fn agrees(heading: &str, run: &Run) {
    let written = if run.stdout.is_empty() { &run.stderr } else { &run.stdout };
    let written: Value = serde_json::from_str(written).unwrap_or_else(|error| panic!("{error}: {run:?}"));
    assert_eq!(written, documented(heading), "{heading}");
}

fn asked(answers: impl IntoIterator<Item = Reply>, arguments: &[&str]) -> Run {
    Peer::answering(answers).run_with_input(["--json"].iter().chain(arguments), key().expose().as_bytes())
}

#[test]
fn the_life_of_a_key_is_documented() {
    let saved = || Reply::ok(Opcode::Save, &Saved { key: record(), replaced: Some(id("00000000zZ")) });
    let generate = [
        "generate",
        "alice",
        "--label",
        "build server",
        "--expires",
        "2027-02-22T20:24:05.120Z",
        "--save",
        "--replace",
    ];
    agrees("generate", &asked([Reply::ok(Opcode::Generate, &generated()), saved()], &generate));
    agrees("save", &asked([saved()], &["save", "DJN8V9yvh4", "--replace"]));
    agrees("show", &asked([Reply::ok(Opcode::RetrieveKey, &ended())], &["show", "00000000zZ"]));
    let page = KeyPage { keys: vec![ended()], next: None };
    agrees("list", &asked([Reply::ok(Opcode::List, &page)], &["list", "--ended"]));
    let KeyState::Revoked { cause, at } = ended().state else { panic!("it has ended") };
    let outcome = DeleteOutcome::AlreadyRevoked { cause, at };
    let deleted = Deleted { key_id: id("00000000zZ"), user: user("bob"), outcome };
    agrees("delete", &asked([Reply::ok(Opcode::Delete, &deleted)], &["delete", "00000000zZ"]));
    let ended = UserRevoked { key_id: Some(key().id()), draft: None };
    let run = asked(
        [Reply::ok(Opcode::CredentialsChanged, &ended)],
        &["credentials-changed", "alice", "--cause", "change"],
    );
    agrees("credentials-changed", &run);
    agrees("credentials-changed", &asked([Reply::ok(Opcode::DeleteUser, &ended)], &["delete-user", "alice"]));
}

#[test]
fn validation_is_documented() {
    let good = Verdict::Valid(ValidKey {
        user: "alice",
        key_id: key().id(),
        label: Some("build server"),
        expires_at: Some(LATER),
        freshness: Default::default(),
    });
    agrees("validate, a good key", &asked([Reply::ok(Opcode::Validate, &good)], &["validate"]));
    let refused = Verdict::Refused(Refusal::Revoked(RevocationCause::Deleted));
    agrees("validate, any other key", &asked([Reply::ok(Opcode::Validate, &refused)], &["validate"]));
}

#[test]
fn the_policy_is_documented() {
    let row = PolicyRow {
        method: "PUT".into(),
        path: "/api/user".into(),
        allow: false,
        name: "change a user".into(),
    };
    let page = PolicyPage {
        total: 1,
        default_allow: true,
        case_sensitive: false,
        epoch: 1,
        rows: vec![row],
        next: None,
    };
    agrees("policy show", &asked([Reply::ok(Opcode::PolicyRows, &page)], &["policy", "show"]));
    agrees("policy test", &asked([denied().to(&operation())], &["policy", "test", "PUT", "/api/user"]));
    let shown = [Reply::ok(Opcode::PolicyRows, &page)];
    agrees("policy test --explain", &asked(shown, &["policy", "test", "--explain", "PUT", "/api%2Fuser"]));
    agrees("policy test, totals", &totals());
    agrees("policy reload", &asked([reloaded()], &["policy", "reload"]));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("policy.toml");
    std::fs::write(&file, "default = \"perhaps\"\n").unwrap();
    agrees("policy check", &asked([], &["policy", "check", file.to_str().unwrap()]));
}

fn totals() -> Run {
    let because = "no row matches; the default is allow";
    let allowed = Reply::ok(Opcode::PolicyTest, &PolicyAnswer { verdict: PolicyVerdict::Allow, because });
    let log = b"PUT\t/api/user\nGET\t/\nno tab\nPUT\t/api/user\n";
    Peer::answering([denied(), allowed, denied()])
        .run_with_input(["--json", "policy", "test", "--from", "-", "--totals"], log)
}

#[test]
fn the_daemon_and_its_audit_are_documented() {
    let statistics = Statistics { counters: vec![("validations.valid".into(), 7)] };
    agrees("status", &asked([status(), Reply::ok(Opcode::Statistics, &statistics), files()], &["status"]));
    agrees("audit list", &asked([listed_audit()], &["audit", "list"]));
    agrees("audit verify", &asked([verified()], &["audit", "verify"]));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy");
    let copy = tempfile::tempfile().unwrap();
    copy.set_len(4096).unwrap();
    let ready = Reply::ok(Opcode::Backup, &BackupReady { bytes: 4096, head: head() }).with(copy);
    agrees("backup", &asked([ready], &["backup", file.to_str().unwrap()]));
}

#[test]
fn failures_are_documented() {
    let missing = Reply::failure(Opcode::RetrieveUser, Status::NotFound, "bob has no active key");
    let run = asked([missing], &["show", "bob"]);
    agrees("a failure", &run);
    assert_eq!((run.stdout.as_str(), run.code), ("", 3));
}

#[test]
fn every_object_of_the_document_is_tried() {
    // One heading for each object that is compared above, and `bench`, whose members the tests of the whole house
    // compare with what a real measurement says.
    assert_eq!(DOCUMENT.matches("```json\n").count(), 20, "a new object needs a line in these tests");
}
