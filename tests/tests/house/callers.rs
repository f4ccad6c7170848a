//! Who may do what: real users of other uids and groups, at the real socket.

use crate::support::House;
use apikeyd_kit::ctl::Ctl;
use apikeyd_kit::users::is_root;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::PermissionsExt;

const CONFIG: &str = "\
[rights]
validate = { users = [4201], groups = [4301] }
issue = { users = [4202], groups = [4302] }
inspect = { users = [4203] }
admin = { users = [4204] }
";

/// What each command needs, with arguments that would succeed or fail for another reason than rights.
const COMMANDS: [(&str, &[&str]); 16] = [
    ("validate", &["status"]),
    ("validate", &["policy", "show"]),
    ("validate", &["policy", "test", "GET", "/"]),
    ("validate", &["validate", "--key-file", "KEY"]),
    ("issue", &["generate", "carol"]),
    ("issue", &["save", "0000000001"]),
    ("issue", &["show", "carol"]),
    ("issue", &["show", "0000000001"]),
    ("issue", &["delete", "0000000001"]),
    ("issue", &["credentials-changed", "carol", "--cause", "change"]),
    ("issue", &["delete-user", "carol"]),
    ("inspect", &["list"]),
    ("inspect", &["audit", "list"]),
    ("inspect", &["audit", "verify"]),
    ("admin", &["policy", "reload"]),
    ("admin", &["backup", "BACKUP"]),
];

#[test]
fn each_command_needs_its_right() {
    if !is_root() {
        return;
    }
    let house =
        House::open_with(|start, scratch| start.arg("--config").arg(scratch.write("apikeyd.toml", CONFIG)));
    house.scratch.copy_programs();
    let key = house.issue("somebody");
    let key_file = house.scratch.write("key", &key.text);
    let roles: [(&[&str], Ctl); 7] = [
        (&["validate"], house.ctl.as_user(4201, &[])),
        (&["issue"], house.ctl.as_user(4202, &[])),
        (&["inspect"], house.ctl.as_user(4203, &[])),
        (&["validate", "issue", "inspect", "admin"], house.ctl.as_user(4204, &[])),
        (&["validate"], house.ctl.as_user(4205, &[4301])),
        (&["validate", "issue"], house.ctl.as_user(4206, &[99, 4301, 4302])),
        (&["validate", "issue", "inspect", "admin"], house.ctl.clone()),
    ];
    let everybodys = house.scratch.path("everybodys");
    DirBuilder::new().create(&everybodys).unwrap();
    std::fs::set_permissions(&everybodys, Permissions::from_mode(0o777)).unwrap();
    for (number, (rights, ctl)) in roles.iter().enumerate() {
        for (needed, command) in COMMANDS {
            let backup = everybodys.join(format!("backup-{number}"));
            let arguments: Vec<&str> = command
                .iter()
                .map(|argument| match *argument {
                    "KEY" => key_file.to_str().unwrap(),
                    "BACKUP" => backup.to_str().unwrap(),
                    other => other,
                })
                .collect();
            let run = ctl.run(&arguments);
            assert_eq!(run.code != 77, rights.contains(&needed), "{rights:?} {command:?}: {run:?}");
        }
    }
}

#[test]
fn somebody_without_rights_is_refused_at_the_door() {
    if !is_root() {
        return;
    }
    let house = House::open();
    house.scratch.copy_programs();
    for uid in [4299, 65534] {
        let run = house.ctl.as_user(uid, &[]).run(["status"]);
        assert_eq!(run.code, 77, "{run:?}");
    }
}

#[test]
fn the_reason_of_a_refusal_is_for_those_who_may_inspect() {
    if !is_root() {
        return;
    }
    let house =
        House::open_with(|start, scratch| start.arg("--config").arg(scratch.write("apikeyd.toml", CONFIG)));
    house.scratch.copy_programs();
    let key = house.issue("alice");
    assert_eq!(house.ctl.run(["delete", &key.id]).code, 0);
    let seen = |ctl: &Ctl| ctl.run_with_input(["validate"], key.text.as_bytes()).stdout;
    assert_eq!(seen(&house.ctl), "refused: deleted\n");
    assert_eq!(seen(&house.ctl.as_user(4201, &[])), "refused: invalid\n");
}
