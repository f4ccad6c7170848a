//! The bound on what is kept.

use crate::paged::Paged;
use apikeyd_client::Client;
use apikeyd_kit::answers::key;

const KEYS: u64 = 200;

fn ask_for_all(client: &Client) {
    for number in 1..=KEYS {
        assert!(client.validate(&key(number)).unwrap().valid().is_some());
    }
}

#[test]
fn keys_go_for_others_when_there_is_no_room() {
    let daemon = Paged::start();
    let client = Client::builder().socket(daemon.path()).cache_entries(32).build().unwrap();
    ask_for_all(&client);
    ask_for_all(&client);
    let statistics = client.cache_statistics();
    assert_eq!(statistics.entries, 32);
    assert!(statistics.evictions >= KEYS - 32, "{statistics:?}");
    assert_eq!(statistics.hits + statistics.misses, 2 * KEYS);
}

#[test]
fn keys_stay_while_there_is_room() {
    let daemon = Paged::start();
    let client = Client::builder().socket(daemon.path()).cache_entries(2 * 200).build().unwrap();
    ask_for_all(&client);
    ask_for_all(&client);
    let statistics = client.cache_statistics();
    assert_eq!((statistics.misses, statistics.hits, statistics.evictions), (KEYS, KEYS, 0));
}

#[test]
fn what_no_longer_stands_goes_first() {
    use crate::paged::Words;
    let daemon = Paged::start();
    let client = Client::builder().socket(daemon.path()).cache_entries(2).build().unwrap();
    let validate = |number| assert!(client.validate(&key(number)).unwrap().valid().is_some());
    (1..=2).for_each(validate);
    daemon.state().page.bump(key(1).id());
    validate(3);
    assert_eq!(client.cache_statistics().evictions, 0, "the first had to go, and no longer counted");
    let before = client.cache_statistics().misses;
    [2, 3].into_iter().for_each(validate);
    assert_eq!(client.cache_statistics().misses, before);
}

#[test]
fn clones_share_what_is_kept_and_threads_do_not_disturb_each_other() {
    let daemon = Paged::start();
    let client = Client::builder().socket(daemon.path()).build().unwrap();
    ask_for_all(&client);
    let before = client.cache_statistics();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let clone = client.with_timeout(std::time::Duration::from_secs(9));
            scope.spawn(move || (0..20).for_each(|_| ask_for_all(&clone)));
        }
    });
    let after = client.cache_statistics();
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (4 * 20 * KEYS, 0));
}
