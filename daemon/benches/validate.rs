//! What one validation costs inside the daemon, without the socket: `cargo bench -p apikeyd`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at what it did not expect"
)]

use apikeyd::operations::{Service, Settings};
use apikeyd::parts::Parts;
use apikeyd::peer::Peer;
use apikeyd_kit_service::{fill, peer, permit};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::message::{Generated, Operation, Validate, Verdict};
use divan::Bencher;
use std::sync::{Arc, LazyLock, OnceLock};
use tempfile::TempDir;

/// More than the daemon remembers (65,536), so that asking for one after the other always reads the database.
const KEYS: u64 = 100_000;

struct Stock {
    service: Arc<Service>,
    keys: Vec<(KeyId, [u8; 32])>,
    _dir: TempDir,
}

fn main() {
    divan::main();
}

fn caller() -> &'static Peer {
    static CALLER: LazyLock<Peer> = LazyLock::new(|| peer(0));
    &CALLER
}

fn stock() -> &'static Stock {
    static STOCK: OnceLock<Stock> = OnceLock::new();
    STOCK.get_or_init(|| {
        let dir = TempDir::new().unwrap();
        let service =
            Service::open(Settings::in_dir(dir.path()), PolicyTable::shipped(), Parts::system()).unwrap();
        let kept = |_, draft: Generated| Some((draft.key_id, *draft.key.digest().expose_bytes()));
        let keys = fill(&service, KEYS, |number| format!("user-{number}"), kept);
        Stock { service, keys, _dir: dir }
    })
}

fn validate(stock: &Stock, at: usize, operation: Option<Operation<'_>>) -> bool {
    let (key_id, digest) = stock.keys[at % stock.keys.len()];
    ask(stock, key_id, digest, operation)
}

fn ask(stock: &Stock, key_id: KeyId, digest: [u8; 32], operation: Option<Operation<'_>>) -> bool {
    let permit = permit(&stock.service, caller());
    let request = Validate::new(key_id, KeyDigest::from_bytes(digest)).operation(operation);
    stock
        .service
        .validate(&permit, &request)
        .map(|judged| matches!(judged.verdict(), Verdict::Valid(_)))
        .unwrap()
}

/// The same key again and again: everything in the processor's cache.
#[divan::bench(threads = [1, 2], sample_size = 1000)]
fn one_hot_key(bencher: Bencher<'_, '_>) {
    let stock = stock();
    bencher.bench(|| assert!(validate(stock, 0, None)));
}

#[divan::bench(sample_size = 500)]
fn one_hot_key_and_an_operation(bencher: Bencher<'_, '_>) {
    let stock = stock();
    let operation = Operation::new(b"GET", b"/api/file/17?download=1");
    bencher.bench(|| assert!(validate(stock, 0, Some(operation))));
}

/// Keys that the daemon remembers, in an order that the processor's cache does not.
#[divan::bench(sample_size = 500)]
fn ten_thousand_hot_keys(bencher: Bencher<'_, '_>) {
    let stock = stock();
    (0..10_000).for_each(|at| assert!(validate(stock, at, None)));
    let mut at = 0_usize;
    bencher.bench_local(|| {
        at = (at + 7919) % 10_000;
        assert!(validate(stock, at, None));
    });
}

/// Keys that the daemon does not remember: each is read from the database.
#[divan::bench(sample_size = 500)]
fn cold_keys(bencher: Bencher<'_, '_>) {
    let stock = stock();
    let mut at = 0_usize;
    bencher.bench_local(|| {
        at += 1;
        assert!(validate(stock, at, None));
    });
}

#[divan::bench(sample_size = 500)]
fn unknown_keys(bencher: Bencher<'_, '_>) {
    let stock = stock();
    let mut id = 0;
    bencher.bench_local(|| {
        id += 1;
        assert!(!ask(stock, KeyId::new(id).unwrap(), [1; 32], None));
    });
}
