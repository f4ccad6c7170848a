//! Uses that a cache answered show in `show` and `list`, though the daemon was not asked about them.

use crate::support::{House, Key, wall_ms};
use apikeyd_client::{ApiKey, AsyncClient, CacheStatistics, Client, KeyId, MIN_USE_REPORT_INTERVAL};
use std::time::{Duration, Instant};

/// How long a use may take to show before a test fails: less than the client's longest interval, so that what is
/// seen in time was reported for the reason that the test is about.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn what_the_cache_of_a_blocking_client_answered_shows() {
    let house = House::open();
    let (key, parsed) = issue(&house, "alice");
    let client = Client::builder().socket(house.daemon.socket());
    let client = client.use_report_interval(MIN_USE_REPORT_INTERVAL).build().expect("a client");
    shows_a_use_of_the_cache(
        &house,
        &key,
        || assert!(client.validate(&parsed).expect("a verdict").valid().is_some()),
        || client.cache_statistics(),
    );
}

#[test]
fn what_the_cache_of_an_asynchronous_client_answered_shows() {
    let house = House::open();
    let (key, parsed) = issue(&house, "alice");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let client = AsyncClient::builder().socket(house.daemon.socket());
    let client = client.use_report_interval(MIN_USE_REPORT_INTERVAL).build_async().expect("a client");
    shows_a_use_of_the_cache(
        &house,
        &key,
        || {
            let verdict = runtime.block_on(client.validate(&parsed));
            assert!(verdict.expect("a verdict").valid().is_some());
        },
        || client.cache_statistics(),
    );
}

#[test]
fn a_client_that_is_dropped_reports_what_is_left() {
    let house = House::open();
    let (key, parsed) = issue(&house, "alice");
    loop {
        // Of the usual interval, which is longer than this test's patience.
        let client = Client::builder().socket(house.daemon.socket()).build().expect("a client");
        let validate = || assert!(client.validate(&parsed).expect("a verdict").valid().is_some());
        let (asked, misses) = use_for_more_than_a_second(validate, || client.cache_statistics());
        // On a machine that stood still the daemon is asked, and knows without a report.
        if client.cache_statistics().misses == misses {
            drop(client);
            return until_shown(&house, &key, |last_used| last_used > asked);
        }
    }
}

/// Uses the key until a use shows that the daemon was not asked about.
fn shows_a_use_of_the_cache(
    house: &House,
    key: &Key,
    mut validate: impl FnMut(),
    statistics: impl Fn() -> CacheStatistics,
) {
    loop {
        let (asked, misses) = use_for_more_than_a_second(&mut validate, &statistics);
        until_shown(house, key, |last_used| last_used > asked || statistics().misses > misses);
        if statistics().misses == misses {
            return;
        }
    }
}

/// Gives the time at which the daemon was asked last, and how often it had been asked then. A use is noted when it
/// comes a second later than that.
fn use_for_more_than_a_second(
    mut validate: impl FnMut(),
    statistics: impl Fn() -> CacheStatistics,
) -> (u64, u64) {
    let mut last = (wall_ms(), statistics().misses);
    let mut since = Instant::now();
    let deadline = since + 4 * PATIENCE;
    while since.elapsed() < Duration::from_millis(1_100) {
        assert!(Instant::now() < deadline, "the cache does not answer: {:?}", statistics());
        validate();
        let misses = statistics().misses;
        if misses != last.1 {
            last = (wall_ms(), misses);
            since = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    validate();
    last
}

/// Waits until `show` gives such a last use, and `list` the same.
#[track_caller]
fn until_shown(house: &House, key: &Key, is_it: impl Fn(u64) -> bool) {
    let reader = Client::builder().socket(house.daemon.socket()).cache(false).build().expect("a client");
    let key_id = KeyId::parse(key.id.as_bytes()).expect("an id");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let record = reader.retrieve_key(key_id).expect("a record");
        if record.last_used_at.is_some_and(|at| is_it(at.unix_millis())) {
            break;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {record:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    let shown = last_used(&house.ctl.run(["--json", "show", &key.id]).stdout);
    let listed = last_used(&house.ctl.run(["--json", "list"]).stdout);
    assert!(shown.is_some(), "`show` has no last use");
    assert!(listed >= shown, "`list` has {listed:?}, and `show` had {shown:?}");
}

/// RFC 3339 in UTC with milliseconds, so that later ones compare as greater.
fn last_used(object: &str) -> Option<String> {
    let object: serde_json::Value = serde_json::from_str(object).expect("one object");
    let record = object.get("keys").map_or(&object, |keys| &keys[0]);
    record["last_used_at"].as_str().map(str::to_owned)
}

fn issue(house: &House, user: &str) -> (Key, ApiKey) {
    let key = house.issue(user);
    let parsed = ApiKey::parse(key.text.as_bytes()).expect("a key");
    (key, parsed)
}
