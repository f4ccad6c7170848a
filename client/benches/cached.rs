//! A cached validation beside what it is measured by: one keyed BLAKE3 of 54 bytes, one SipHash-2-4-128 of a key.
//!
//!     cargo bench -p apikeyd-client --bench cached
//!
//! 10,000 hot keys; the daemon behind it is a fake one with a real page, which is asked once for each key.
//!
//! Instructions of one hit: the difference of two runs, divided by the hits between them. Built with
//! `RUSTFLAGS="--cfg rustix_use_libc"`, because valgrind shows programs no vDSO of the kind that rustix looks for:
//!
//!     valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/deps/cached-... \
//!         --bench 'validate$' --threads 1 --sample-count 1 --sample-size 20000     # and 520000

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    unreachable_pub,
    reason = "a benchmark ends at what it did not expect; the fake is shared with the tests"
)]

#[path = "../tests/client/paged.rs"]
mod paged;

use apikeyd_client::{ApiKey, Client, Error, Operation, Verdict};
use apikeyd_protocol::key::KeyPrefix;
use divan::{Bencher, black_box};
use paged::{Paged, deny};
use siphasher::sip128::SipHasher24;
use std::cell::Cell;
use std::sync::LazyLock;

const KEYS: usize = 10_000;

struct House {
    _daemon: Paged,
    client: Client,
    keys: Vec<ApiKey>,
}

static HOUSE: LazyLock<House> = LazyLock::new(|| {
    let daemon = Paged::start();
    daemon.state().user = "0f8fad5b-d9cb-469f-a165-70867728950e".into();
    daemon.state().rows = (0..12).map(|row| deny(&format!("/api/user/operation-{row}/{{id}}"))).collect();
    let client = Client::builder().socket(daemon.path()).build().unwrap();
    let draw = |bytes: &mut [u8]| getrandom::fill(bytes);
    let keys: Vec<_> = (0..KEYS).map(|_| ApiKey::generate(&KeyPrefix::default(), draw).unwrap()).collect();
    for key in &keys {
        assert!(client.authorize(key, Operation::new("GET", "/api/file/0")).unwrap().valid().is_some());
    }
    let before = client.cache_statistics();
    for key in &keys {
        assert!(client.authorize(key, Operation::new("GET", "/api/file/0")).unwrap().valid().is_some());
    }
    let asked = client.cache_statistics().misses - before.misses;
    assert!(asked < 10, "{asked} of {KEYS} hot keys were asked for");
    House { _daemon: daemon, client, keys }
});

thread_local! {
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

/// The keys in an order that no prefetcher guesses, another one for each thread.
fn next_key(house: &House) -> &ApiKey {
    let next = NEXT.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    NEXT.set(next);
    &house.keys[(next >> 33) % KEYS]
}

/// Looks at the verdict, as a service would.
fn accepted(verdict: Result<Verdict, Error>) -> bool {
    verdict.is_ok_and(|verdict| verdict.valid().is_some())
}

#[divan::bench(threads = [1, 2], sample_count = 200, sample_size = 5_000)]
fn validate(bencher: Bencher<'_, '_>) {
    let house = &*HOUSE;
    bencher.bench(|| accepted(house.client.validate(black_box(next_key(house)))));
}

#[divan::bench(threads = [1, 2], sample_count = 200, sample_size = 5_000)]
fn authorize_of_one_path(bencher: Bencher<'_, '_>) {
    let house = &*HOUSE;
    bencher.bench(|| {
        let key = black_box(next_key(house));
        accepted(house.client.authorize(key, Operation::new("GET", black_box("/api/file/report"))))
    });
}

#[divan::bench(threads = [1, 2], sample_count = 200, sample_size = 5_000)]
fn authorize_of_ten_thousand_paths(bencher: Bencher<'_, '_>) {
    let house = &*HOUSE;
    let paths: Vec<_> = (0..KEYS).map(|number| format!("/api/file/{number}")).collect();
    bencher.bench(|| {
        let key = next_key(house);
        let path = &paths[(NEXT.get() >> 40) % KEYS];
        accepted(house.client.authorize(black_box(key), Operation::new("GET", path)))
    });
}

#[divan::bench(threads = [1, 2], sample_count = 200, sample_size = 5_000)]
fn blake3_keyed_of_54_bytes(bencher: Bencher<'_, '_>) {
    let house = &*HOUSE;
    bencher.bench(|| blake3::keyed_hash(&[7; 32], &black_box(next_key(house)).expose().as_bytes()[..54]));
}

#[divan::bench(threads = [1, 2], sample_count = 200, sample_size = 5_000)]
fn siphash_2_4_128_of_a_key(bencher: Bencher<'_, '_>) {
    let (house, hasher) = (&*HOUSE, SipHasher24::new_with_key(&[7; 16]));
    bencher.bench(|| hasher.hash(black_box(next_key(house)).expose().as_bytes()));
}

fn main() {
    divan::main();
}
