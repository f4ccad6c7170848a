//! Arguments, exit codes, reload.

use crate::running::{Running, Setup, write_for_the_daemon_to_trust};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::users::{as_user, is_root};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::{Hello, WelcomeCode};
use apikeyd_protocol::message::{Empty, PolicyPage, PolicyRows, Reloaded};
use apikeyd_protocol::operation::Opcode;
use rustix::process::Signal;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::process::Command;

fn apikeyd(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_apikeyd")).args(arguments).env_clear().output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn help_and_version_are_answers_and_a_wrong_argument_is_usage() {
    let (code, out, err) = apikeyd(&["--version"]);
    assert_eq!((code, out.trim(), err.as_str()), (0, concat!("apikeyd ", env!("CARGO_PKG_VERSION")), ""));
    let (code, out, err) = apikeyd(&["--help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for taught in
        ["APIKEYD_CONFIG", "--state-dir", "APIKEYD_SOCKET", "--policy", "Exit codes", "apikeyctl status"]
    {
        assert!(out.contains(taught), "{taught} is not in:\n{out}");
    }
    for wrong in [&["--sokcet", "/x"][..], &["serve"], &["--socket"], &["--socket", ""]] {
        let (code, out, err) = apikeyd(wrong);
        assert_eq!((code, out.as_str()), (64, ""), "{wrong:?}");
        assert!(err.contains("--help"), "{err}");
    }
}

#[test]
fn check_config_shows_what_would_be_used_or_every_fault() {
    write_for_the_daemon_to_trust();
    let dir = tempfile::tempdir().unwrap();
    let (config, policy) = (dir.path().join("c.toml"), dir.path().join("p.toml"));
    let (config, policy) = (config.to_str().unwrap(), policy.to_str().unwrap());
    fs::write(config, "state_dir = \"/keys\"\n[limits]\nconnections = 7").unwrap();
    let arguments = ["--config", config, "--socket", "/s/t", "--check-config"];
    let (code, out, _) = apikeyd(&arguments);
    assert_eq!(code, 0);
    for shown in [
        config,
        "/keys",
        "/s/t",
        "compiled in, 12 rows",
        "7 in total",
        "user 0: validate, issue, inspect, admin",
    ] {
        assert!(out.contains(shown), "{shown} is not in:\n{out}");
    }
    fs::write(config, "[limits]\nconnections = 0\nidle_minutes = 0").unwrap();
    let (code, out, err) = apikeyd(&arguments);
    assert_eq!((code, out.as_str()), (78, ""));
    assert!(err.contains(&format!("{config}:2:15: ")) && err.contains(&format!("{config}:3:16: ")), "{err}");
    fs::write(config, "").unwrap();
    fs::write(policy, "nonsense = true\n").unwrap();
    let (code, _, err) = apikeyd(&[
        "--config",
        config,
        "--policy",
        policy,
        "--state-dir",
        "/k",
        "--socket",
        "/s",
        "--check-config",
    ]);
    assert_eq!(code, 78);
    assert!(err.contains(&format!("{policy}:1:1: ")), "{err}");
    let (code, _, err) = apikeyd(&["--config", "/nowhere/c.toml", "--check-config"]);
    assert_eq!((code, err.contains("/nowhere/c.toml: the file does not exist")), (78, true), "{err}");
}

#[test]
fn what_is_in_the_way_has_its_exit_code_and_is_left_alone() {
    let setup = Setup::new();
    fs::write(setup.socket(), "precious").unwrap();
    let mut daemon = setup.launch();
    assert_eq!(daemon.wait().code(), Some(78), "{}", daemon.log());
    assert!(daemon.log().contains("is not a socket"), "{}", daemon.log());
    assert_eq!(fs::read(daemon.socket()).unwrap(), b"precious");

    let first = Running::start();
    let mut second = Setup::new().with(|start| start.socket(first.socket())).launch();
    assert_eq!(second.wait().code(), Some(69), "{}", second.log());
    let mut second = Setup::new().with(|start| start.state_dir(first.path("state"))).launch();
    assert_eq!(second.wait().code(), Some(69), "{}", second.log());
    assert!(!second.socket().exists(), "a start that failed leaves no name");
    let mut client = RawClient::greeted(&first.socket());
    assert_eq!(client.ask(Opcode::Status, &Empty {}).status(), Status::Ok, "the first goes on");
}

#[test]
fn a_daemon_of_a_plain_user_is_closed_to_that_users_other_processes() {
    if !is_root() {
        return;
    }
    const USER: u32 = 4001;
    let setup = Setup::new();
    chown(setup.path(""), Some(USER), Some(USER)).unwrap();
    let daemon = setup.with(|start| start.user(USER)).start();
    let process = format!("/proc/{}", daemon.pid());
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let read =
        as_user(USER, &[], move || fs::read(format!("{process}/environ")).map_err(|error| error.kind()));
    assert_eq!(read, Err(ErrorKind::PermissionDenied), "a process that can be dumped shows its environment");
    let socket = daemon.socket();
    assert_eq!(fs::metadata(&socket).unwrap().mode() & 0o777, 0o600, "a user's own daemon is for that user");
    let status =
        as_user(USER, &[], move || RawClient::greeted(&socket).ask(Opcode::Status, &Empty {}).status());
    assert_eq!(status, Status::Ok);
}

#[test]
fn a_reload_takes_rights_and_policy_up_or_changes_nothing() {
    if !is_root() {
        return;
    }
    let rights = |uid: u32| format!("[rights]\nvalidate = {{ users = [{uid}] }}");
    let setup = Setup::new().config(&rights(4001));
    let policy = setup.path("policy.toml");
    fs::write(&policy, "default = \"allow\"\n[[operation]]\nmethod = \"GET\"\npath = \"/a\"\nname = \"a\"\n")
        .unwrap();
    let policy_text = policy.to_str().unwrap().to_owned();
    let daemon = setup.env("APIKEYD_POLICY", &policy_text).start();
    let config = daemon.path("apikeyd.toml");
    let socket = daemon.socket();
    let welcome = |uid| {
        let socket = socket.clone();
        as_user(uid, &[], move || {
            let mut client = RawClient::silent(&socket);
            client.send(&Hello::CURRENT.encode());
            (client.welcome().code, client)
        })
    };
    let (code, mut open) = welcome(4001);
    assert_eq!(code, WelcomeCode::Accepted);
    let mut root = RawClient::greeted(&socket);

    fs::write(&config, rights(4002)).unwrap();
    fs::write(&policy, "rows = 3\n").unwrap();
    let refused = root.ask(Opcode::Reload, &Empty {});
    assert_eq!(refused.status(), Status::InvalidConfiguration);
    assert!(refused.failure().contains(&format!("{policy_text}:1:1: ")), "{}", refused.failure());
    let page: PolicyPage = root.ask(Opcode::PolicyRows, &PolicyRows::new(0)).message();
    assert_eq!(page.total, 1, "the policy in force stays");
    assert_eq!(open.ask(Opcode::Status, &Empty {}).status(), Status::Ok, "the rights in force stay");
    assert!(daemon.log().contains("the reload failed and changed nothing"), "{}", daemon.log());

    fs::write(&policy, "default = \"allow\" # and nothing is denied\n").unwrap();
    let reloaded: Reloaded = root.ask(Opcode::Reload, &Empty {}).message();
    assert_eq!((reloaded.policy_rows, reloaded.policy_changed), (0, true));
    let denied = open.ask(Opcode::Status, &Empty {});
    assert_eq!(denied.status(), Status::NotPermitted, "an open connection loses its rights, too");
    assert_eq!(welcome(4001).0, WelcomeCode::NotPermitted);
    assert_eq!(welcome(4002).0, WelcomeCode::Accepted);
}

#[test]
fn values_that_need_a_restart_are_named() {
    let mut daemon = Setup::new().config("[limits]\nconnections = 9").start();
    fs::write(daemon.path("apikeyd.toml"), "[limits]\nconnections = 10").unwrap();
    daemon.signal(Signal::HUP);
    daemon.wait_told("RELOADING=1");
    daemon.wait_told("READY=1");
    let log = daemon.log();
    assert!(log.contains("it takes effect at the next start value=limits"), "{log}");
}
