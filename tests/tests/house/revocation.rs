//! No validation that started after a revocation was answered accepts the key, however the client's cache, the
//! daemon and the page between them fare.

mod absence;
mod clocks;
mod forking;
mod kinds;
mod stress;

use crate::support::House;
use apikeyd_client::message::{Generate, Generated, SaveMode};
use apikeyd_client::{ApiKey, Client, Error, UserId, Verdict};
use std::time::{Duration, Instant};

/// How long a condition may take to come true before a test fails: more than a lease, and than a daemon waits
/// that found no page.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client with its cache, that does not wait long for a daemon that is away.
fn client(house: &House) -> Client {
    let timeout = Duration::from_millis(300);
    Client::builder().socket(house.daemon.socket()).timeout(timeout).build().expect("a client")
}

/// A client that waits, without a cache: whoever revokes.
fn revoker(house: &House) -> Client {
    Client::builder().socket(house.daemon.socket()).cache(false).timeout(PATIENCE).build().expect("a client")
}

fn issue(client: &Client, user: &str) -> ApiKey {
    let user = UserId::parse(user).expect("a user");
    let Generated { key_id, key, .. } =
        client.generate(&Generate { user, label: None, expires_at: None }).expect("a draft");
    client.save(key_id, SaveMode::Add).expect("a key");
    key.0
}

fn is_accepted(verdict: &Result<Verdict, Error>) -> bool {
    matches!(verdict, Ok(Verdict::Valid(_)))
}

/// Validates until the cache answers.
#[track_caller]
fn warm(client: &Client, key: &ApiKey) {
    until("the cache answers", || {
        let before = client.cache_statistics().hits;
        is_accepted(&client.validate(key)) && client.cache_statistics().hits > before
    });
}

/// That the next validation is answered by the cache, and accepts.
#[track_caller]
fn assert_cached(client: &Client, key: &ApiKey) {
    let before = client.cache_statistics();
    let verdict = client.validate(key);
    assert!(is_accepted(&verdict), "{verdict:?}");
    assert_eq!(client.cache_statistics().misses, before.misses, "the daemon was asked");
}

#[track_caller]
fn assert_refused(verdict: &Result<Verdict, Error>) {
    assert!(matches!(verdict, Ok(Verdict::Refused(_))), "{verdict:?}");
}

/// Tries until it is so.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}
