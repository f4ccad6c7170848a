//! No validation that started after a revocation was answered accepts the key, however the client's cache, the
//! daemon and the page between them fare.

mod absence;
mod clocks;
mod copies;
mod forking;
mod kinds;
mod neighbours;
mod stress;
mod telling;

use crate::support::House;
use apikeyd_client::{ApiKey, Client, Error, Verdict};
use apikeyd_tests::filling::issue;
use std::time::{Duration, Instant};

/// How long a condition may take to come true before a test fails: more than a lease, and than a daemon waits
/// that found no page, also where other programs hold the processor.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long who does not wait for a daemon that is away waits all the same.
const HASTE: Duration = Duration::from_millis(300);

/// A client with its cache, that waits for an answer.
fn client(house: &House) -> Client {
    Client::builder().socket(house.daemon.socket()).timeout(PATIENCE).build().expect("a client")
}

/// The same client and cache, that does not wait long for a daemon that is away.
fn hasty(client: &Client) -> Client {
    client.with_timeout(HASTE)
}

/// A client that waits, without a cache: whoever revokes.
fn revoker(house: &House) -> Client {
    Client::builder().socket(house.daemon.socket()).cache(false).timeout(PATIENCE).build().expect("a client")
}

fn is_accepted(verdict: &Result<Verdict, Error>) -> bool {
    matches!(verdict, Ok(Verdict::Valid(_)))
}

/// Validates until the cache answers. A daemon that was held up may have let its lease run out, so the next
/// validation need not be answered by it.
#[track_caller]
fn warm(client: &Client, key: &ApiKey) {
    until("the cache answers", || {
        let before = client.cache_statistics().hits;
        is_accepted(&client.validate(key)) && client.cache_statistics().hits > before
    });
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
