//! Drafts: whose they are and how they go.

use crate::support::{House, Key};
use apikeyd_kit::users::is_root;
use apikeyd_protocol::message::Generate;
use apikeyd_protocol::name::UserId;

#[test]
fn a_newer_draft_of_the_same_user_takes_the_place() {
    let house = House::open();
    let older = Key::from(&house.ctl.run(["generate", "alice"]));
    let newer = Key::from(&house.ctl.run(["generate", "alice"]));
    assert_eq!(house.ctl.run(["save", &older.id]).code, 3);
    assert_eq!(house.ctl.run(["save", &newer.id]).code, 0);
    house.validate(&newer).prints(0, "alice");
}

#[test]
fn a_restart_ends_drafts() {
    let house = House::open();
    let draft = Key::from(&house.ctl.run(["generate", "alice"]));
    let house = house.crash_and_restart();
    let late = house.ctl.run(["save", &draft.id]);
    assert_eq!(late.code, 3);
    assert!(late.stderr.contains("generate a new key"), "it says what to do: {late:?}");
}

#[test]
fn a_password_change_drops_the_draft() {
    let house = House::open();
    let draft = Key::from(&house.ctl.run(["generate", "alice"]));
    assert_eq!(house.ctl.run(["credentials-changed", "alice", "--cause", "change"]).code, 0);
    assert_eq!(house.ctl.run(["save", &draft.id]).code, 3);
}

#[test]
fn only_the_caller_that_made_a_draft_saves_it() {
    if !is_root() {
        return;
    }
    let house = House::open_with(|start, scratch| {
        let config = scratch.write("apikeyd.toml", "[rights]\nissue = { users = [4101, 4102] }\n");
        start.arg("--config").arg(config)
    });
    house.scratch.copy_programs();
    let [first, second] = [4101, 4102].map(|uid| house.ctl.as_user(uid, &[]));
    let draft = Key::from(&first.run(["generate", "alice"]));
    assert_eq!(second.run(["save", &draft.id]).code, 77);
    assert_eq!(house.ctl.run(["save", &draft.id]).code, 77, "root is another caller, too");
    assert_eq!(first.run(["save", &draft.id]).code, 0);
    assert_eq!(second.run(["save", &draft.id]).code, 77, "a repetition is the caller's, too");
    assert_eq!(second.run(["delete", &draft.id]).code, 0, "a saved key is ended by every issuer");
}

/// The share of a uid, as `docs/DESIGN.md` states it.
const SHARE: usize = 8_192;

#[test]
fn one_callers_drafts_stop_nobody_else_and_the_operator_is_told() {
    if !is_root() {
        return;
    }
    let house = House::open_with(|start, scratch| {
        let config = scratch.write("apikeyd.toml", "[rights]\nissue = { users = [4101] }\n");
        start.arg("--config").arg(config)
    });
    house.scratch.copy_programs();
    let client = apikeyd_client::Client::builder().socket(house.daemon.socket()).build().expect("a client");
    for number in 0..SHARE {
        let user = UserId::parse(&format!("user-{number}")).expect("a user");
        client.generate(&Generate::new(user)).expect("a draft");
    }
    for _ in 0..3 {
        let refused = house.ctl.run(["generate", "alice"]);
        refused.fails(75, "uid 0 has 8192 drafts");
    }
    assert_eq!(house.ctl.as_user(4101, &[]).run(["generate", "alice"]).code, 0);
    let log = house.daemon.log();
    let told = log.lines().filter(|line| line.contains("the share of drafts of this uid is full")).count();
    assert_eq!(told, 1, "{log}");
    assert!(log.contains("uid=0") && log.contains("limit=8192"), "{log}");
}
