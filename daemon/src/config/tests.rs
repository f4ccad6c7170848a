//! Valid and invalid configurations, and what is reported about them.

use super::files::{self, MAX_CONFIG_BYTES};
use super::*;
use crate::rights::Holder;
use apikeyd_keystore::domain::PolicySource;
use apikeyd_protocol::right::{Right, RightSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The annotated file as it is installed.
const EXAMPLE: &str = include_str!("../../../systemd/apikeyd.toml");

/// A host with one user and the given groups.
struct Host(&'static [(&'static str, u32)]);

const WITH_GROUPS: Host = Host(&[("apikeyd-issuers", 901), ("apikeyd-clients", 902), ("web", 33)]);

impl Accounts for Host {
    fn user(&self, name: &str) -> Result<Option<u32>, String> {
        Ok((name == "alice").then_some(1000))
    }
    fn group(&self, name: &str) -> Result<Option<u32>, String> {
        Ok(self.0.iter().find(|(group, _)| *group == name).map(|(_, gid)| *gid))
    }
}

fn root() -> Place {
    Place {
        uid: 0,
        state_directory: None,
        xdg_state_home: None,
        xdg_runtime_dir: None,
        home: None,
        log: None,
    }
}

fn parsed(text: &str, host: &Host) -> Result<Config, String> {
    let file = Some(PathBuf::from("a.toml"));
    parse::parse(text, file, &CommandLine::default(), &root(), host).map_err(|error| error.to_string())
}

fn diagnostics(text: &str) -> String {
    parsed(text, &WITH_GROUPS).expect_err("this must be refused")
}

#[test]
fn the_annotated_example_is_the_default() {
    for host in [WITH_GROUPS, Host(&[])] {
        assert_eq!(parsed(EXAMPLE, &host), parsed("#", &host));
    }
    let with_rights: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rights) if rights == "[rights]" || rights.contains("users = [") => format!("{rights}\n"),
            Some(_) | None => format!("{line}\n"),
        })
        .collect();
    assert!(with_rights.contains("\n[rights]\n"));
    assert_eq!(parsed(&with_rights, &WITH_GROUPS), parsed("#", &WITH_GROUPS));
}

#[test]
fn rights_by_name_and_number() {
    let text = r#"
        [rights]
        validate = { users = ["alice", 1001], groups = ["web"] }
        admin = { groups = [7] }
    "#;
    let config = parsed(text, &WITH_GROUPS).unwrap();
    let mut holders: Vec<_> = config.rights.holders().collect();
    holders.sort_by_key(|(holder, _)| *holder);
    let validate = RightSet::EMPTY.with(Right::Validate);
    let all = RightSet::EMPTY.with(Right::Admin);
    let expected = [
        (Holder::User(0), all),
        (Holder::User(1000), validate),
        (Holder::User(1001), validate),
        (Holder::Group(7), all),
        (Holder::Group(33), validate),
    ];
    assert_eq!(holders, expected, "a [rights] section replaces the shipped groups");
}

#[test]
fn every_fault_has_its_place_and_says_what_to_do() {
    let text = r#"socket_mode = "0066"
key_prefix = "AKD"
state_dir = "keys"
page = "apikeyd.page"
[keys]
draft_minutes = 0
retention_days = -1
[rights]
validate = { users = ["bob", 65534, -1], groups = ["nobody-here"] }
[limits]
connections = 0
connections_per_uid = 70000
idle_minutes = 1441
[log]
level = "loud"
"#;
    let expected = r#"a.toml:1:15: socket_mode is "0066"; write the permission bits in octal, from "0600" to "0777", with read and write for the owner
a.toml:2:14: key_prefix is "AKD"; a key prefix is 2 to 8 characters of a-z and 0-9
a.toml:3:13: state_dir is "keys"; write an absolute path, beginning with /
a.toml:4:8: page is "apikeyd.page"; write an absolute path, beginning with /
a.toml:6:17: keys.draft_minutes is 0; it must be from 1 to 1440
a.toml:7:18: keys.retention_days is -1; it must be from 0 to 36500
a.toml:9:23: this host has no user "bob"; create it or correct the name
a.toml:9:30: 65534 represents every user that the kernel cannot name, so it cannot have a right; remove it
a.toml:9:37: -1 is not the number of a user; it must be from 0 to 4294967294
a.toml:9:52: this host has no group "nobody-here"; create it or correct the name
a.toml:11:15: limits.connections is 0; it must be from 1 to 65536
a.toml:12:23: limits.connections_per_uid is 70000; it must be from 1 to 65536
a.toml:13:16: limits.idle_minutes is 1441; it must be from 1 to 1440
a.toml:15:9: log.level is "loud"; write error, warn, info or debug"#;
    assert_eq!(diagnostics(text), expected);
}

#[test]
fn a_file_without_sections_is_read_and_one_of_dots_is_not() {
    let mut dotted = String::new();
    for right in ["validate", "issue", "inspect", "admin"] {
        dotted += &format!("rights.{right}.users = [1]\nrights.{right}.groups = [2]\n");
    }
    dotted += "keys.draft_minutes = 1\nkeys.retention_days = 1\nlimits.connections = 64\n\
               limits.connections_per_uid = 8\nlimits.idle_minutes = 1\nlimits.cache_mib = 8\nlog.level = \"warn\"\n";
    parsed(&dotted, &WITH_GROUPS).expect("every key that has a section");
    assert_eq!(
        diagnostics(&"a.b = 1\n".repeat(25)),
        "a.toml:25:2: more than 24 dots outside quotes; write sections, such as [keys], instead"
    );
}

#[test]
fn what_is_not_toml_or_not_known_is_refused_with_its_place() {
    let cases = [
        ("sockt = \"/x\"", "a.toml:1:1: unknown field `sockt`, expected one of `state_dir`"),
        ("[rights]\nvalidat = {}", "a.toml:2:1: unknown field `validat`, expected one of `validate`"),
        ("socket = 5", "a.toml:1:10: invalid type: integer `5`, expected a string"),
        ("socket = \"/a\"\nsocket = \"/b\"", "a.toml:2:1: duplicate key"),
        ("[limits]\nconnections = 99999999999999999999", "a.toml:2:15: "),
        ("[limits]\nconnections = \"many\"", "a.toml:2:15: invalid type: string \"many\", expected i64"),
        (
            "[rights]\nissue = { users = [true] }",
            "a.toml:2:20: invalid type: boolean `true`, expected the name or",
        ),
        (
            "[rights]\nissue = [\"alice\"]",
            "a.toml:2:9: invalid type: sequence, expected a table like { users",
        ),
        ("[limits", "a.toml:1:8: "),
        ("=", "a.toml:1:1: "),
    ];
    for (text, start) in cases {
        let said = diagnostics(text);
        assert!(said.starts_with(start), "{text:?}: {said}");
        assert!(said.len() > start.len() || !start.ends_with(": "), "{text:?} has no words");
    }
}

#[test]
fn defaults_follow_the_place() {
    let at = |place: &Place| parse::parse("", None, &CommandLine::default(), place, &Host(&[]));
    let system = at(&root()).unwrap();
    assert_eq!(system.state_dir, Path::new("/var/lib/apikeyd"));
    assert_eq!(system.socket.path, Path::new("/run/apikeyd/apikeyd.sock"));
    assert_eq!(system.socket.mode, 0o666);

    let user = Place {
        uid: 1000,
        home: Some("/home/alice".into()),
        xdg_runtime_dir: Some("/run/user/1000".into()),
        ..root()
    };
    let of_user = at(&user).unwrap();
    assert_eq!(of_user.state_dir, Path::new("/home/alice/.local/state/apikeyd"));
    assert_eq!(of_user.socket.path, Path::new("/run/user/1000/apikeyd/apikeyd.sock"));
    assert_eq!(of_user.socket.mode, 0o600, "a user's own daemon is for that user");
    assert_eq!(user.default_config(), None, "the system's configuration is not a user's");
    let elsewhere = Place { xdg_state_home: Some("/data".into()), ..user.clone() };
    assert_eq!(at(&elsewhere).unwrap().state_dir, Path::new("/data/apikeyd"));

    let service = Place { uid: 900, state_directory: Some("/var/lib/apikeyd".into()), ..root() };
    let of_service = at(&service).unwrap();
    assert_eq!(of_service.state_dir, Path::new("/var/lib/apikeyd"));
    assert_eq!(of_service.socket.path, Path::new("/run/apikeyd/apikeyd.sock"));
    assert!(service.default_config().is_some());

    let nowhere = at(&Place { uid: 1000, ..root() }).unwrap_err().to_string();
    assert!(nowhere.contains("--state-dir") && nowhere.contains("--socket"), "{nowhere}");
}

#[test]
fn arguments_count_before_the_file_and_the_variable_before_the_level() {
    let command_line = CommandLine {
        state_dir: Some("/from/argument".into()),
        socket: Some("/s".into()),
        ..CommandLine::default()
    };
    let place = Place { log: Some(OsString::from("debug")), ..root() };
    let text = "state_dir = \"/from/file\"\npolicy = \"/p.toml\"\n[log]\nlevel = \"error\"";
    let config = parse::parse(text, None, &command_line, &place, &Host(&[])).unwrap();
    assert_eq!(config.state_dir, Path::new("/from/argument"));
    assert_eq!(config.socket.path, Path::new("/s"));
    assert_eq!(config.policy, PolicySource::File("/p.toml".into()));
    assert_eq!(config.log, LogLevel::Debug);

    let bad = Place { log: Some(OsString::from("loud")), ..root() };
    let said = parse::parse(text, None, &command_line, &bad, &Host(&[])).unwrap_err().to_string();
    assert_eq!(said, "APIKEYD_LOG is \"loud\"; write error, warn, info or debug");
}

#[test]
fn files_that_must_not_be_trusted_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("apikeyd.toml");
    let load_named = |path: &Path| {
        let command_line = CommandLine { config: Some(path.to_owned()), ..CommandLine::default() };
        load(&command_line, &root(), &WITH_GROUPS).map_err(|error| error.to_string())
    };
    let refused = |wanted: &str| {
        let said = load_named(&path).unwrap_err();
        assert!(said.starts_with(&format!("{}: ", path.display())) && said.contains(wanted), "{said}");
    };
    refused("does not exist");
    fs::write(&path, "\u{FEFF}key_prefix = \"abc\"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(load_named(&path).unwrap().key_prefix.as_str(), "abc", "a byte order mark is not text");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o646)).unwrap();
    refused("chmod go-w");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    refused("chmod go-w");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, b"key_prefix = \"a\xff\"").unwrap();
    refused("byte 15 is not UTF-8");
    fs::write(&path, "#".repeat(MAX_CONFIG_BYTES + 1)).unwrap();
    refused("which is the limit");
    fs::write(&path, "").unwrap();
    let empty = load_named(&path).expect("an empty file changes nothing");
    assert!(empty.is_empty, "but where another was in force it is none");
    assert_eq!(empty.sources().configuration, None);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused("not a regular file");
    fs::remove_dir(&path).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
    refused("not a regular file");
}

#[test]
fn the_compiled_in_table_has_a_name() {
    let policy = |text: &str, given: Option<&str>| {
        let command_line = CommandLine { policy: given.map(PathBuf::from), ..CommandLine::default() };
        let config = parse::parse(text, Some("a.toml".into()), &command_line, &root(), &WITH_GROUPS);
        config.map(|config| config.policy).map_err(|error| error.to_string())
    };
    let named = "policy = \"compiled-in\"";
    assert_eq!(policy("", None), Ok(PolicySource::Unnamed));
    assert_eq!(policy(named, None), Ok(PolicySource::CompiledIn));
    assert_eq!(policy("policy = \"/p\"", Some("compiled-in")), Ok(PolicySource::CompiledIn));
    assert_eq!(policy(named, Some("/p")), Ok(PolicySource::File("/p".into())));
    let here = std::env::current_dir().unwrap().join("compiled-in");
    assert_eq!(policy(named, Some("./compiled-in")), Ok(PolicySource::File(here)));
    let said = policy("policy = \"compiled in\"", None).unwrap_err();
    assert_eq!(said, "a.toml:1:10: policy is \"compiled in\"; write an absolute path, beginning with /");
}

#[test]
fn only_what_is_certainly_not_there_is_absent() {
    let dir = tempfile::tempdir().unwrap();
    let read =
        |name: &str| files::read_if_there(&dir.path().join(name), 100).map_err(|error| error.to_string());
    assert_eq!(read("none"), Ok(None));
    assert_eq!(read("none/at/all"), Ok(None));
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
    for name in ["link", "link/file"] {
        let said = read(name).unwrap_err();
        assert!(said.contains("a dangling symbolic link"), "{name}: {said}");
    }
    fs::write(dir.path().join("file"), "text").unwrap();
    fs::set_permissions(dir.path().join("file"), fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink("file", dir.path().join("good")).unwrap();
    assert_eq!(read("good"), Ok(Some("text".into())));
    let said = read("file/below").unwrap_err();
    assert!(said.contains("Not a directory"), "{said}");
}
