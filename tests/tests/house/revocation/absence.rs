//! A daemon that stands still, is killed, comes back, or has no page: the client asks, and accepts nothing
//! that was revoked.

use super::{assert_refused, client, hasty, is_accepted, issue, revoker, until, warm};
use crate::support::House;
use apikeyd_client::{ApiKey, Client, Error};
use apikeyd_kit::daemon::Daemon;
use rustix::process::Signal;
use std::fs::DirBuilder;
use std::thread;

/// A client whose cache answers for two keys, and somebody who can end them.
struct Scene {
    house: House,
    client: Client,
    revoker: Client,
    kept: ApiKey,
    ended: ApiKey,
}

impl Scene {
    fn set() -> Self {
        let house = House::open();
        let (client, revoker) = (client(&house), revoker(&house));
        let (kept, ended) = (issue(&revoker, "kept"), issue(&revoker, "ended"));
        warm(&client, &kept);
        warm(&client, &ended);
        Self { house, client, revoker, kept, ended }
    }
}

/// Validates until no cache answers: then for the reason that the daemon is away, and until then the key is accepted.
#[track_caller]
fn until_the_lease_is_over(client: &Client, key: &ApiKey, is_away: impl Fn(&Error) -> bool) {
    until("the lease is over", || {
        let verdict = client.validate(key);
        assert!(verdict.as_ref().is_err_and(&is_away) || is_accepted(&verdict), "{verdict:?}");
        verdict.is_err()
    });
}

#[test]
fn while_the_daemon_stands_still_the_lease_runs_out() {
    let Scene { house, client, revoker, kept, ended } = Scene::set();
    let hasty = hasty(&client);
    house.daemon.freeze();
    thread::scope(|scope| {
        let deleting = scope.spawn(|| revoker.delete(ended.id()));
        until_the_lease_is_over(&hasty, &kept, |error| matches!(error, Error::TimedOut { .. }));
        // Nobody was told of an end meanwhile, and nothing is accepted any more.
        assert!(!deleting.is_finished());
        assert!(hasty.validate(&ended).is_err());
        house.daemon.signal(Signal::CONT);
        deleting.join().expect("the revoker's thread").expect("an end");
        assert_refused(&client.validate(&ended));
    });
    warm(&client, &kept);
}

#[test]
fn when_the_daemon_is_killed_the_lease_runs_out_and_the_next_one_is_asked() {
    let Scene { house, client, kept, ended, .. } = Scene::set();
    let House { daemon, ctl, scratch } = house;
    let hasty = hasty(&client);
    daemon.kill();
    until_the_lease_is_over(&hasty, &kept, |error| matches!(error, Error::Unreachable { .. }));
    let daemon = Daemon::start(&scratch);
    let house = House { daemon, ctl, scratch };
    revoker(&house).delete(ended.id()).expect("an end");
    assert_refused(&client.validate(&ended));
    warm(&client, &kept);
}

#[test]
fn after_a_quick_restart_every_key_is_asked_for_anew() {
    let Scene { house, client, revoker, kept, ended } = Scene::set();
    let house = house.crash_and_restart();
    let before = client.cache_statistics();
    assert!(is_accepted(&client.validate(&kept)));
    assert_eq!(client.cache_statistics().hits, before.hits, "a verdict of the daemon before was used again");
    revoker.delete(ended.id()).expect("an end");
    assert_refused(&client.validate(&ended));
    warm(&client, &kept);
    drop(house);
}

#[test]
fn a_page_whose_file_was_deleted_goes_on() {
    let house = House::open();
    let (early, asker) = (client(&house), revoker(&house));
    let (first, second) = (issue(&asker, "first"), issue(&asker, "second"));
    warm(&early, &first);
    std::fs::remove_file(house.scratch.page()).expect("a page");
    warm(&early, &first);
    let late = client(&house);
    warm(&late, &first);
    warm(&late, &second);
    asker.delete(first.id()).expect("an end");
    assert_refused(&early.validate(&first));
    assert_refused(&late.validate(&first));
    warm(&late, &second);
}

#[test]
fn a_daemon_that_lost_the_page_answers_when_nobody_trusts_it_any_more() {
    let Scene { house, client, revoker, kept, ended } = Scene::set();
    std::fs::remove_file(house.scratch.page()).expect("a page");
    let house = house.crash_and_restart();
    // The old page is still trusted for a while, and the new daemon cannot reach it: so it has to wait.
    revoker.delete(ended.id()).expect("an end");
    assert_refused(&client.validate(&ended));
    warm(&client, &kept);
    drop(house);
}

#[test]
fn without_a_page_the_client_asks_each_time() {
    let House { daemon, ctl, scratch } = House::open();
    assert!(daemon.stop().success());
    // No file can be made where a directory stands.
    std::fs::remove_file(scratch.page()).expect("a page");
    for place in [scratch.page(), scratch.state().join(scratch.page_name())] {
        DirBuilder::new().create(&place).expect("a directory");
        std::fs::write(place.join("full"), "").expect("a file in it");
    }
    let house = House { daemon: Daemon::start(&scratch), ctl, scratch };
    let (client, asker) = (client(&house), revoker(&house));
    let key = issue(&asker, "alice");
    for _ in 0..100 {
        assert!(is_accepted(&client.validate(&key)));
    }
    let statistics = client.cache_statistics();
    assert_eq!((statistics.hits, statistics.misses, statistics.page), (0, 100, false));
    asker.delete(key.id()).expect("an end");
    assert_refused(&client.validate(&key));
    assert!(house.daemon.log().contains("clients cannot cache"), "{}", house.daemon.log());
}
