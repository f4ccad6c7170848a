//! `policy test --from` on access logs, and its totals.

use crate::program::{Peer, run_with_input};
use apikeyd_kit::ctl::Run;
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::message::{Operation, PolicyAnswer, PolicyVerdict};
use apikeyd_protocol::operation::Opcode;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Three hundred lines as nginx (combined) and Apache (common, and combined with the virtual host in front) write them.
const LOG: &str = include_str!("access.log");
const ALLOWED: usize = 249;
const DENIED: usize = 25;
const AMBIGUOUS: usize = 26;

/// The table that is compiled in, as a file.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/policy/policy.toml")
}

fn judge(arguments: &[&str], input: impl AsRef<[u8]>) -> Run {
    let policy = shipped();
    let mut all = vec!["policy", "test", "--policy", policy.to_str().unwrap(), "--from", "-"];
    all.extend(arguments);
    run_with_input(all, input.as_ref())
}

fn verdicts(run: &Run) -> Vec<&str> {
    run.stdout.lines().map(|line| line.split('\t').next().unwrap()).collect()
}

fn line(request: &str) -> String {
    format!("192.0.2.1 - alice [28/Aug/2026:20:55:11 +0200] \"{request}\" 200 17\n")
}

fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_line_of_a_log_is_judged_in_order() {
    let run = judge(&[], LOG);
    let verdicts = verdicts(&run);
    assert_eq!(verdicts.len(), LOG.lines().count(), "{run:?}");
    // What the server answered stands in the log: it refused the same lines for reasons of the test.
    let status = |line: &str| line.split("\" ").nth(1).unwrap()[..3].to_owned();
    for (line, verdict) in LOG.lines().zip(&verdicts) {
        let expected = match status(&line.replace("\\\"", "")).as_str() {
            "200" => "allow",
            "403" => "deny",
            "400" => "ambiguous",
            other => panic!("status {other}: {line}"),
        };
        assert_eq!(*verdict, expected, "{line}");
    }
    assert_eq!(run.code, 1);
}

#[test]
fn totals_follow_the_verdicts_on_standard_error() {
    let run = judge(&[], LOG);
    let told: Vec<_> = run.stderr.lines().collect();
    let summary = format!("apikeyctl: 300 lines: {ALLOWED} allow, {DENIED} deny, {AMBIGUOUS} ambiguous");
    assert_eq!(told[0], summary);
    assert_eq!(told[1], format!("apikeyctl: {ALLOWED} allow, default"));
    assert!(told.contains(&"apikeyctl: 7 deny, row: GET /api/apikey (show the key's record)"), "{told:#?}");
    let counted: usize =
        told[1..].iter().map(|line| line.split(' ').nth(1).unwrap().parse::<usize>().unwrap()).sum();
    assert_eq!(counted, 300);
}

#[test]
fn totals_alone_are_the_answer() {
    let run = judge(&["--totals"], LOG);
    let rows: Vec<Vec<_>> = run.stdout.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["VERDICT", "LINES", "REASON", "ROW"]);
    assert_eq!(rows[1], ["allow", &ALLOWED.to_string(), "default", ""]);
    assert!(rows.contains(&vec!["deny", "7", "row", "GET /api/apikey (show the key's record)"]), "{rows:?}");
    let of = |verdict| -> usize {
        rows.iter().filter(|row| row[0] == verdict).map(|row| row[1].parse::<usize>().unwrap()).sum()
    };
    assert_eq!((of("allow"), of("deny"), of("ambiguous")), (ALLOWED, DENIED, AMBIGUOUS));
    assert!(rows.iter().filter(|row| row[0] == "ambiguous").all(|row| !row[2].is_empty()));
    let summary = format!("apikeyctl: 300 lines: {ALLOWED} allow, {DENIED} deny, {AMBIGUOUS} ambiguous\n");
    assert_eq!((run.code, run.stderr), (1, summary));
    assert_eq!(judge(&["--totals"], line("GET / HTTP/1.1")).code, 0, "all are allowed");
}

#[test]
fn with_json_the_totals_are_the_last_object() {
    let run = judge(&["--json"], LOG);
    let objects: Vec<_> = run.stdout.lines().map(object).collect();
    assert_eq!((objects.len(), run.stderr.as_str()), (301, ""));
    let totals = &objects[300]["totals"];
    let of = |verdict: &str| usize::try_from(totals[verdict].as_u64().unwrap()).unwrap();
    assert_eq!((of("lines"), of("unreadable")), (300, 0));
    assert_eq!((of("allow"), of("deny"), of("ambiguous")), (ALLOWED, DENIED, AMBIGUOUS));
    let reasons = totals["reasons"].as_array().unwrap();
    assert_eq!(reasons.iter().map(|reason| reason["lines"].as_u64().unwrap()).sum::<u64>(), 300);
    let alone = judge(&["--json", "--totals"], LOG);
    assert_eq!(object(&alone.stdout)["totals"], *totals);
}

#[test]
fn a_log_and_written_operations_may_be_mixed() {
    let log = |request: &str| judge(&[], line(request));
    let same = |request: &str, written: &str| {
        assert_eq!(log(request).stdout, judge(&[], written).stdout, "{request}");
    };
    same("PUT /api/user HTTP/1.1", "PUT\t/api/user");
    same(r"GET /api/\x22\xC3\xA9\x5C HTTP/1.1", "GET\t/api/\\x22\\xC3\\xA9\\\\");
    same(r#"GET /api/\"\\\t HTTP/1.1"#, "GET\t/api/\\x22\\\\\\x09");
    same("GET /api/apikey x HTTP/1.1", "GET\t/api/apikey x");
    same("-", "-\t");
    let mixed = judge(&[], format!("PUT\t/api/user\n{}GET\t/\n", line("GET /api/apikey HTTP/1.1")));
    assert_eq!(verdicts(&mixed), ["deny", "deny", "allow"]);
}

#[test]
fn a_line_of_neither_form_is_answered_as_before() {
    let almost = line("GET / HTTP/1.1").replace("28/Aug/2026", "2026-08-28");
    for bad in ["no tab\n".to_owned(), line(r"GET /\q HTTP/1.1"), almost] {
        let run = judge(&[], &bad);
        assert_eq!((verdicts(&run).as_slice(), run.code), (["ambiguous"].as_slice(), 2), "{bad}");
        let told: Vec<_> = run.stderr.lines().collect();
        assert_eq!(
            told,
            [
                "apikeyctl: standard input, line 1: the line has no tab; write METHOD, a tab, TARGET",
                "apikeyctl: 1 lines: 0 allow, 0 deny, 1 ambiguous, 1 of them not readable",
                "apikeyctl: 1 ambiguous, unreadable-line",
            ]
        );
    }
    // A tab makes it METHOD<TAB>TARGET, whatever else is in it.
    let tabbed = judge(&[], line("GET /a\tb HTTP/1.1").replace("GET /a", "GET /"));
    assert_eq!(verdicts(&tabbed), ["ambiguous"]);
}

#[test]
fn totals_name_no_more_than_ten_lines_that_cannot_be_read() {
    let run = judge(&["--totals"], "no tab\n".repeat(1_000));
    assert_eq!((run.code, run.stderr.lines().count()), (2, 11), "{run:?}");
    assert_eq!(run.stdout, "VERDICT\tLINES\tREASON\tROW\nambiguous\t1000\tunreadable-line\t\n");
}

#[test]
fn a_daemon_judges_a_log_too() {
    let because = "PUT /api/user (change a user)";
    let answer = Reply::ok(Opcode::PolicyTest, &PolicyAnswer { verdict: PolicyVerdict::Deny, because });
    let peer = Peer::answering([answer.to(&Operation::new(b"PUT", b"/api/user"))]);
    let log = line("PUT /api/user HTTP/1.1");
    peer.run_with_input(["policy", "test", "--from", "-", "--totals"], log.as_bytes()).is(
        1,
        "VERDICT\tLINES\tREASON\tROW\ndeny\t1\trow\tPUT /api/user (change a user)\n",
        "apikeyctl: 1 lines: 0 allow, 1 deny, 0 ambiguous\n",
    );
}

#[test]
fn totals_need_a_file() {
    let run = run_with_input(["policy", "test", "--totals", "GET", "/"], b"");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
}
