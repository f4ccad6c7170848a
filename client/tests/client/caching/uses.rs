//! What the daemon learns of uses that it was not asked about.

use super::wait_until;
use crate::paged::Paged;
use crate::processes::in_child;
use apikeyd_client::Client;
use apikeyd_kit::answers::key;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Uses a key until a use is noted, which happens a second after the daemon was asked: the last use comes
/// later than that, however long each of them takes.
fn use_for_a_while(mut validate: impl FnMut()) {
    validate();
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_millis(1_100) {
        std::thread::sleep(Duration::from_millis(10));
        validate();
    }
    validate();
}

#[test]
fn uses_are_reported_with_their_time_and_none_is_when_there_was_none() {
    let daemon = Paged::start();
    let client = Client::builder().socket(daemon.path()).build().unwrap();
    let asked_only = Client::builder().socket(daemon.path()).build().unwrap();
    assert!(asked_only.validate(&key(2)).unwrap().valid().is_some());
    let start = now_ms();
    use_for_a_while(|| assert!(client.validate(&key(1)).unwrap().valid().is_some()));
    drop(asked_only);
    drop(client);
    wait_until(|| !daemon.state().reported.is_empty());
    let reported = daemon.state().reported.clone();
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert_eq!(reported[0].key_id, key(1).id());
    let at = reported[0].at.unix_millis();
    // The clocks that both are taken from differ by a tick.
    assert!((start + 900..=now_ms() + 100).contains(&at), "{at} of {start}..{}", now_ms());
}

#[test]
fn the_uses_of_a_key_that_went_for_another_are_reported_too() {
    let daemon = Paged::start();
    let client = Client::builder().socket(daemon.path()).cache_entries(1).build().unwrap();
    let validate = |number| assert!(client.validate(&key(number)).unwrap().valid().is_some());
    use_for_a_while(|| validate(1));
    (2..=9).for_each(validate);
    assert!(client.cache_statistics().evictions > 0);
    drop(client);
    wait_until(|| !daemon.state().reported.is_empty());
    assert_eq!(daemon.state().reported[0].key_id, key(1).id());
}

#[test]
fn a_forked_child_reports_its_own_uses_and_not_its_parents() {
    let daemon = Paged::start();
    let client = Client::builder().socket(daemon.path()).build().unwrap();
    let uses = |client: &Client, number| {
        use_for_a_while(|| assert!(client.validate(&key(number)).unwrap().valid().is_some()));
    };
    uses(&client, 1);
    let status = in_child(move || {
        uses(&client, 2);
        drop(client);
        wait_until(|| threads() == 1);
        0
    });
    assert_eq!(status, 0);
    // The parent's client was not called for, and has been dropped.
    let reported = || daemon.state().reported.iter().map(|reported| reported.key_id).collect::<Vec<_>>();
    wait_until(|| reported().len() == 2);
    assert_eq!(reported(), [key(2).id(), key(1).id()]);
}

/// Threads of this process, of which one reports.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}
