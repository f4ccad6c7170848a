//! What may and may not be written on the command line.

use crate::program::{program, run};
use crate::samples::key;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

#[test]
fn a_key_is_refused_as_an_argument_and_not_repeated() {
    let key = key();
    let key = key.expose();
    let mistyped = format!("{}X", &key[..key.len() - 1]);
    let inside = format!("/api/files?key={key}&x=1");
    let option = format!("--label={key}");
    for arguments in [
        vec!["show", key],
        vec![key],
        vec!["validate", key],
        vec!["generate", "alice", "--label", key],
        vec!["generate", "alice", &option],
        vec!["--json", "save", key],
        vec!["policy", "test", "GET", &inside],
        vec!["delete", &mistyped],
        vec!["nonsense", "--nonsense", key],
    ] {
        let run = run(&arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run:?}");
        assert!(run.stderr.contains("process list"), "the reason: {run:?}");
        // Also no part of it that would do.
        assert!(!run.stderr.contains(&key[20..40]), "{run:?}");
    }
}

/// The other mistakes are in `tests/transcripts/mistakes.trycmd`.
#[test]
fn a_name_that_would_forge_a_display_or_is_too_long_is_a_usage_error() {
    run(["generate", "a\u{7}b"]).fails(2, "U+0007");
    run(["generate", "\u{202e}alice"]).fails(2, "U+202E");
    run(["generate", &"x".repeat(256)]).fails(2, "255");
}

#[test]
fn bytes_that_are_not_text_are_refused_where_text_is_needed() {
    let bytes = OsString::from_vec(b"ali\xffce".to_vec());
    run(["generate".into(), bytes.clone()]).fails(2, "UTF-8");
    run(["show".into(), bytes.clone()]).fails(2, "UTF-8");
    run(["policy".into(), "check".into(), bytes]).fails(2, "cannot read");
}

#[test]
fn control_characters_are_not_passed_on_to_the_terminal() {
    let run = run(["\u{1b}[2Jx", "--\u{7}y"]);
    assert_eq!(run.code, 2);
    assert!(!run.stderr.contains(['\u{1b}', '\u{7}']), "{run:?}");
}

#[test]
fn help_is_an_answer_and_teaches() {
    let help = run(["--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    for part in ["Exit codes:", "69", "APIKEYD_SOCKET", "NO_COLOR", "apikeyctl validate <"] {
        assert!(help.stdout.contains(part), "{part}: {}", help.stdout);
    }
    for command in [
        "generate",
        "save",
        "show",
        "list",
        "delete",
        "validate",
        "credentials-changed",
        "delete-user",
        "policy test",
        "policy check",
        "policy show",
        "policy reload",
        "audit list",
        "audit verify",
        "backup",
        "bench",
    ] {
        let help = run(command.split(' ').chain(["--help"]));
        assert_eq!(help.code, 0, "{command}");
        let teaches = help.stdout.contains("Right: ") || help.stdout.contains("Needs no daemon");
        assert!(teaches, "{command} does not say what right it needs: {}", help.stdout);
        let longest = help.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(100), "{command}: {longest:?}");
    }
    assert!(run(["--version"]).stdout.starts_with("apikeyctl "));
    run::<&str>([]).fails(2, "Usage:");
}

#[test]
fn completions_and_manual_pages_come_from_the_same_definition() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(["completions", shell]);
        assert_eq!(script.code, 0);
        assert!(script.stdout.contains("credentials-changed"), "{shell}");
    }
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(run(["man".as_ref(), directory.path().as_os_str()]).code, 0);
    let page = std::fs::read_to_string(directory.path().join("apikeyctl-policy-test.1")).unwrap();
    assert!(page.contains("\\-\\-from"), "{page}");
}

#[test]
fn an_environment_without_anything_is_enough() {
    let mut command = program();
    command.env_clear().env("LC_ALL", "C").args(["--socket", "/nonexistent/s", "status"]);
    apikeyd_kit::ctl::finish(command, b"").fails(69, "no daemon listens at /nonexistent/s");
}
