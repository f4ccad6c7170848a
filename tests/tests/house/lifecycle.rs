//! The life of a key, as users, services and operators see it.

use crate::support::{House, Key};

#[test]
fn a_key_counts_only_when_it_is_saved() {
    let house = House::open();
    let drafted = house.ctl.run(["generate", "alice", "--label", "laptop"]);
    let key = Key::from(&drafted);
    assert!(drafted.stderr.contains(&format!("apikeyctl save {}", key.id)), "{drafted:?}");
    house.validate(&key).prints(1, "refused: not saved yet");
    assert_eq!(house.ctl.run(["save", &key.id]).code, 0);
    house.validate(&key).prints(0, "alice");
    let shown = house.ctl.run(["--json", "show", "alice"]);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).expect("one object");
    assert_eq!((&shown["key_id"], &shown["label"]), (&key.id.into(), &"laptop".into()), "{shown}");
}

#[test]
fn one_active_key_for_each_user() {
    let house = House::open();
    let first = house.issue("alice");
    assert_eq!(house.ctl.run(["generate", "alice", "--save"]).code, 4);
    let second = Key::from(&house.ctl.run(["generate", "alice", "--save", "--replace"]));
    house.validate(&first).prints(1, "refused: replaced");
    house.validate(&second).prints(0, "alice");
    assert_eq!(house.ctl.run(["generate", "bob", "--save", "--replace"]).code, 3, "nothing to replace");
}

#[test]
fn saving_again_gives_the_same_answer_also_after_a_crash() {
    let house = House::open();
    let first = house.issue("alice");
    let second = Key::from(&house.ctl.run(["generate", "alice"]));
    let save = ["--json", "save", &second.id, "--replace"];
    let answer = house.ctl.run(save);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.stdout.contains(&first.id), "the answer names the replaced key: {answer:?}");
    assert_eq!(house.ctl.run(save), answer);
    let house = house.crash_and_restart();
    assert_eq!(house.ctl.run(save), answer);
    assert_eq!(house.ctl.run(["save", &second.id]).code, 4, "it was saved in the other way");
}

#[test]
fn every_end_of_a_key_has_its_reason() {
    let house = House::open();
    let deleted = house.issue("deleted");
    assert_eq!(house.ctl.run(["delete", &deleted.id]).code, 0);
    house.validate(&deleted).prints(1, "refused: deleted");
    let again = house.ctl.run(["delete", &deleted.id]);
    assert_eq!(again.code, 0, "deleting an ended key succeeds");
    assert!(format!("{}{}", again.stdout, again.stderr).contains("already"), "and says so: {again:?}");

    let changed = house.issue("changed");
    assert_eq!(house.ctl.run(["credentials-changed", "changed", "--cause", "reset"]).code, 0);
    house.validate(&changed).prints(1, "refused: credentials-changed");

    let gone = house.issue("gone");
    assert_eq!(house.ctl.run(["delete-user", "gone"]).code, 0);
    house.validate(&gone).prints(1, "refused: user-deleted");
    assert_eq!(house.ctl.run(["show", "gone"]).code, 3);
    assert_eq!(house.ctl.run(["show", &gone.id]).code, 0, "the record stays");
}

#[test]
fn what_was_acknowledged_survives_a_crash() {
    let house = House::open();
    let (kept, ended) = (house.issue("kept"), house.issue("ended"));
    assert_eq!(house.ctl.run(["delete", &ended.id]).code, 0);
    let house = house.crash_and_restart();
    house.validate(&kept).prints(0, "kept");
    house.validate(&ended).prints(1, "refused: deleted");
    assert_eq!(house.ctl.run(["audit", "verify"]).code, 0);
}

#[test]
fn names_and_dates_that_cannot_be_are_refused() {
    let house = House::open();
    for user in ["", " alice", "a\u{7}b", "\u{202e}alice", &"x".repeat(256)] {
        house.ctl.run(["generate", user]).fails(2, "USER");
    }
    assert_eq!(house.ctl.run(["generate", "alice", "--label", "a\nb"]).code, 2);
    for expires in ["2001-01-01", "0d", "-1d", "soon", "99999999999999999y"] {
        let argument = format!("--expires={expires}");
        assert_eq!(house.ctl.run(["generate", "alice", &argument]).code, 2, "{expires}");
    }
    assert_eq!(house.ctl.run(["list"]).stdout.lines().filter(|line| line.contains("alice")).count(), 0);
}

#[test]
fn a_list_of_many_keys_comes_in_pages_and_whole() {
    let house = House::open();
    let client = apikeyd_client::Client::builder().socket(house.daemon.socket()).build().expect("a client");
    for number in 0..300 {
        let user = apikeyd_client::UserId::parse(&format!("user-{number}")).expect("a user");
        let request = apikeyd_protocol::message::Generate::new(user);
        let draft = client.generate(&request).expect("a draft");
        client.save(draft.key_id, apikeyd_protocol::term::SaveMode::Add).expect("a key");
    }
    let listed = house.ctl.run(["--json", "list"]);
    assert_eq!(listed.stdout.matches("\"user-").count(), 300, "{}", listed.stdout);
}
