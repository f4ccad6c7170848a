//! Each kind of change takes effect on a cached verdict before it is answered.

use super::{assert_refused, client, is_accepted, issue, revoker, until, warm};
use crate::support::{House, wall_ms};
use apikeyd_client::{ApiKey, Client, CredentialsCause, Generate, Operation, SaveMode, Timestamp, UserId};
use std::time::Duration;

/// That a cached key is refused by the very validation that follows.
#[track_caller]
fn is_over_at_once(house: &House, user: &str, end: impl FnOnce(&Client, &ApiKey, &UserId)) {
    let (client, revoker) = (client(house), revoker(house));
    let key = issue(&revoker, user);
    warm(&client, &key);
    end(&revoker, &key, &UserId::parse(user).expect("a user"));
    assert_refused(&client.validate(&key));
    assert_refused(&client.validate(&key));
}

#[test]
fn every_way_to_end_a_key() {
    let house = House::open();
    is_over_at_once(&house, "deleted", |revoker, key, _| {
        revoker.delete(key.id()).expect("an end");
    });
    is_over_at_once(&house, "replaced", |revoker, _, user| {
        let draft = revoker.generate(&Generate::new(user.clone())).expect("a draft");
        revoker.save(draft.key_id, SaveMode::Replace).expect("a key");
    });
    is_over_at_once(&house, "changed", |revoker, _, user| {
        revoker.credentials_changed(user, CredentialsCause::Change).expect("an end");
    });
    is_over_at_once(&house, "gone", |revoker, _, user| {
        revoker.delete_user(user).expect("an end");
    });
    // Whoever deletes second may rely on it as well.
    is_over_at_once(&house, "twice", |revoker, key, _| {
        revoker.delete(key.id()).expect("an end");
        revoker.delete(key.id()).expect("the same end");
    });
}

#[test]
fn a_key_ends_at_its_date() {
    let house = House::open();
    let (client, revoker) = (client(&house), revoker(&house));
    // On a machine that is busy otherwise a key may end before the cache has it: then another one lives longer.
    let mut life = Duration::from_millis(2_500);
    until("the cache answers for a key that then ends", || {
        let hits = client.cache_statistics().hits;
        let expires_at = Timestamp::from_unix_millis(wall_ms()).saturating_add(life);
        life *= 2;
        let user = UserId::parse("alice").expect("a user");
        let request = Generate::new(user).expires_at(expires_at);
        let draft = revoker.generate(&request).expect("a draft");
        if revoker.save(draft.key_id, SaveMode::Add).is_err() {
            return false;
        }
        until("the key has expired", || {
            let is_over = wall_ms() >= expires_at.unix_millis();
            let verdict = client.validate(&draft.key);
            assert!(!(is_over && is_accepted(&verdict)), "{verdict:?} after its date");
            is_over
        });
        client.cache_statistics().hits > hits
    });
}

#[test]
fn a_new_policy_counts_at_once() {
    const OPEN: &str = "default = \"allow\"\ncase_sensitive = false\n";
    let house =
        House::open_with(|start, scratch| start.arg("--policy").arg(scratch.write("policy.toml", OPEN)));
    let (client, revoker) = (client(&house), revoker(&house));
    let key = issue(&revoker, "alice");
    let asks = || client.authorize(&key, Operation::new("GET", "/api/orders"));
    until("the cache answers for an operation", || {
        let before = client.cache_statistics().hits;
        is_accepted(&asks()) && client.cache_statistics().hits > before
    });
    let closed =
        format!("{OPEN}[[operation]]\nname = \"orders\"\nmethod = \"GET\"\npath = \"/api/orders\"\n");
    let _ = house.scratch.write("policy.toml", closed);
    revoker.reload().expect("a new policy");
    assert_refused(&asks());
    let _ = house.scratch.write("policy.toml", OPEN);
    revoker.reload().expect("the old policy");
    let verdict = asks();
    assert!(is_accepted(&verdict), "{verdict:?}");
}
