//! `policy` on a file, without a daemon, and on the daemon's table.

use crate::program::{Peer, run, run_with_input};
use apikeyd_kit::ctl::Run;
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::message::{
    Operation, PolicyAnswer, PolicyPage, PolicyRow, PolicyRows, PolicyVerdict, Reloaded,
};
use apikeyd_protocol::operation::Opcode;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use tempfile::TempDir;

const TABLE: &str = r#"
default = "allow"

[[operation]]
method = "PUT"
path = "/api/user"
effect = "deny"
name = "change a user"
"#;

fn file(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.toml");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

fn test(arguments: &[&OsStr], input: &[u8]) -> Run {
    let (_directory, path) = file(TABLE);
    let mut all: Vec<OsString> = vec!["policy".into(), "test".into(), "--policy".into(), path.into()];
    all.extend(arguments.iter().map(OsString::from));
    run_with_input(all, input)
}

#[test]
fn an_operation_is_explained_by_a_file_or_by_the_table_in_force() {
    let told = "ambiguous\tthe path holds an encoded / \\\\ % ? # or ;: PUT /api/user (change a user)\n\
                choice\tencoded-delimiter: the path holds an encoded / \\\\ % ? # or ;\n\
                reaches\tdeny PUT /api/user (change a user): api from api, user from user\n"
        .replace("\\\\", "\\");
    let operation: [&OsStr; 3] = ["--explain".as_ref(), "PUT".as_ref(), "/api%2Fuser".as_ref()];
    test(&operation, b"").is(1, &told, "");
    let page = PolicyPage {
        total: 1,
        default_allow: true,
        case_sensitive: false,
        epoch: 1,
        rows: vec![PolicyRow {
            method: "PUT".into(),
            path: "/api/user".into(),
            allow: false,
            name: "change a user".into(),
        }],
        next: None,
    };
    let page = Reply::ok(Opcode::PolicyRows, &page).to(&PolicyRows::new(0));
    Peer::answering([page]).run(["policy", "test", "--explain", "PUT", "/api%2Fuser"]).is(1, &told, "");
}

#[test]
fn a_path_that_is_not_text_is_judged_as_its_bytes() {
    let raw = test(&["PUT".as_ref(), OsStr::from_bytes(b"/api/us\xffr")], b"");
    assert!(raw.code == 1 && raw.stdout.starts_with("ambiguous\t"), "{raw:?}");
}

#[test]
fn an_answer_has_the_code_of_its_reason_and_its_row_with_json() {
    let object = |run: &Run| serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap();
    let row = "PUT /api/user (change a user)";
    let log = b"PUT\t/api/user.json\nPUT\t/api/user\nGET\t/\nGET\t/#\nno tab\n";
    let run = test(&["--json".as_ref(), "--from".as_ref(), "-".as_ref()], log);
    let objects = run.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let told: Vec<_> = objects.take(5).map(|one| serde_json::json!([one["reason"], one["row"]])).collect();
    let expected = serde_json::json!([
        ["near-literal", row],
        [null, row],
        [null, null],
        ["fragment", null],
        [null, null]
    ]);
    assert_eq!(serde_json::Value::from(told), expected);

    let words = "the path has an empty segment: not every reading is allowed";
    let answer = PolicyAnswer { verdict: PolicyVerdict::Ambiguous, because: words };
    let answer = Reply::ok(Opcode::PolicyTest, &answer).to(&Operation::new(b"GET", b"/a//b"));
    let of_daemon = object(&Peer::answering([answer]).run(["--json", "policy", "test", "GET", "/a//b"]));
    assert_eq!(
        (&of_daemon["reason"], &of_daemon["row"]),
        (&"empty-segment".into(), &serde_json::Value::Null)
    );
    assert!(of_daemon.as_object().unwrap().contains_key("row"));
}

#[test]
fn a_log_gets_one_answer_for_each_line_in_order() {
    let input = b"GET\t/\r\nPUT\t/api/user\nPUT\t/api/us\\x65r\nno tab\n\nGET\t/a\\q\nGET\t/last";
    let run = test(&["--from".as_ref(), "-".as_ref()], input);
    let words: Vec<_> = run.stdout.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(words, ["allow", "deny", "deny", "ambiguous", "ambiguous", "ambiguous", "allow"], "{run:?}");
    assert_eq!(run.code, 2, "three lines cannot be read");
    let told: Vec<_> = run.stderr.lines().map(|line| line.split(':').nth(1).unwrap()).collect();
    assert_eq!(told[..3], [" standard input, line 4", " standard input, line 5", " standard input, line 6"]);
    assert_eq!(told[3], " 7 lines", "the totals follow");
}

#[test]
fn a_log_is_allowed_only_if_every_line_is() {
    let from = |input: &[u8]| test(&["--from".as_ref(), "-".as_ref()], input).code;
    assert_eq!(from(b"GET\t/\nGET\t/a\n"), 0);
    assert_eq!(from(b"GET\t/\nPUT\t/api/user\nGET\t/\n"), 1);
    assert_eq!(from(b""), 0);
    let long = [b"GET\t/".as_slice(), &vec![b'a'; 1 << 20], b"\nGET\t/\n"].concat();
    let run = test(&["--from".as_ref(), "-".as_ref()], &long);
    assert_eq!(
        (run.code, run.stdout.lines().count()),
        (2, 2),
        "a line that is too long costs nothing but itself"
    );
    let (_directory, log) = file("PUT\t/api/user\n");
    assert_eq!(test(&["--from".as_ref(), log.as_os_str()], b"").code, 1);
    test(&["--from".as_ref(), "/nonexistent".as_ref()], b"").fails(2, "cannot read /nonexistent");
}

#[test]
fn with_json_each_line_is_an_object_with_its_number() {
    let run =
        test(&["--json".as_ref(), "--from".as_ref(), "-".as_ref()], b"PUT\t/api/user\nGET\t/\\xff\nx\n");
    let objects: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects[0]["verdict"], "deny");
    assert_eq!((&objects[1]["line"], &objects[1]["path"]), (&2.into(), &"/\\xff".into()));
    assert_eq!(
        (&objects[2]["verdict"], &objects[2]["method"]),
        (&"ambiguous".into(), &serde_json::Value::Null)
    );
    assert_eq!((objects.len(), &objects[3]["totals"]["lines"]), (4, &3.into()));
    assert_eq!((run.code, run.stderr.as_str()), (2, ""));
}

#[test]
fn a_file_that_is_no_text_or_has_no_end_is_faulty() {
    let check = |path: &OsStr| run(["policy".as_ref(), "check".as_ref(), path]);
    let (_directory, path) = file(b"default = \"allow\"\n# \xc3\xa9 \xff\n");
    let not_text = check(path.as_os_str());
    assert!(not_text.stderr.starts_with(&format!("{}:2:5: ", path.display())), "{not_text:?}");
    let endless = check("/dev/zero".as_ref());
    assert_eq!(endless.code, 1, "{endless:?}");
}

fn page(epoch: u64, name: &str, next: Option<u32>) -> PolicyPage {
    let row = PolicyRow { method: "*".into(), path: "/x".into(), allow: false, name: name.into() };
    PolicyPage { total: 2, default_allow: true, case_sensitive: true, epoch, rows: vec![row], next }
}

#[test]
fn pages_of_two_tables_are_not_mixed() {
    let ask = |page: PolicyPage, from| Reply::ok(Opcode::PolicyRows, &page).to(&PolicyRows::new(from));
    let run = Peer::answering([
        ask(page(1, "old", Some(1)), 0),
        ask(page(2, "new 2", None), 1),
        ask(page(2, "new 1", Some(1)), 0),
        ask(page(2, "new 2", None), 1),
    ])
    .run(["policy", "show"]);
    assert_eq!(run.stdout, "EFFECT\tMETHOD\tPATH\tNAME\ndeny\t*\t/x\tnew 1\ndeny\t*\t/x\tnew 2\n");
    let circle = [ask(page(1, "a", Some(1)), 0), ask(page(1, "b", Some(1)), 1)];
    Peer::answering(circle).run(["policy", "show"]).fails(70, "pages repeat");
}

#[test]
fn without_a_file_the_daemon_judges() {
    let answer = |verdict, because, operation: &Operation<'_>| {
        Reply::ok(Opcode::PolicyTest, &PolicyAnswer { verdict, because }).to(operation)
    };
    let first = Operation::new(b"GET", b"/a");
    let second = Operation::new(b"PUT", b"/\xff");
    let peer = Peer::answering([
        answer(PolicyVerdict::Allow, "why", &first),
        answer(PolicyVerdict::Ambiguous, "why not", &second),
    ]);
    peer.run_with_input(["policy", "test", "--from", "-"], b"GET\t/a\nPUT\t/\\xff\n").is(
        1,
        "allow\twhy\nambiguous\twhy not\n",
        "apikeyctl: 2 lines: 1 allow, 0 deny, 1 ambiguous\n\
         apikeyctl: 1 allow, row: why\napikeyctl: 1 ambiguous, why not\n",
    );
}

#[test]
fn reload_says_whether_the_table_is_another() {
    let reloaded = |policy_changed| Reply::ok(Opcode::Reload, &Reloaded { policy_rows: 12, policy_changed });
    let run = Peer::answering([reloaded(true)]).run(["policy", "reload"]);
    run.is(0, "reloaded: another policy table is in force, 12 rows\n", "");
    let run = Peer::answering([reloaded(false)]).run(["policy", "reload"]);
    run.is(0, "reloaded: the policy table is the same, 12 rows\n", "");
}
