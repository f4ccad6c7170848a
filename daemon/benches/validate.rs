//! What one validation costs inside the daemon, without the socket: `cargo bench -p apikeyd`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at what it did not expect"
)]

use apikeyd::operations::{Service, Settings};
use apikeyd::parts::Parts;
use apikeyd::peer::Peer;
use apikeyd_kit_service::{peer, permit};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::message::{Generate, Operation, Save, Validate, Verdict};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::SaveMode;
use divan::Bencher;
use std::sync::{Arc, LazyLock, OnceLock};
use tempfile::TempDir;

/// More than the daemon remembers (65,536), so that asking for one after the other always reads the database.
const KEYS: usize = 100_000;

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
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut keys = Vec::with_capacity(KEYS);
        while keys.len() < KEYS {
            // Whole batches at once: one sync of the disk for each.
            runtime.block_on(async {
                let saves: Vec<_> = (0..256).map(|_| generate(&service, &mut keys)).collect();
                let saves = saves.into_iter().map(|key_id| tokio::spawn(save(Arc::clone(&service), key_id)));
                for save in saves.collect::<Vec<_>>() {
                    save.await.unwrap();
                }
            });
        }
        Stock { service, keys, _dir: dir }
    })
}

fn generate(service: &Service, keys: &mut Vec<(KeyId, [u8; 32])>) -> KeyId {
    let user = UserId::parse(&format!("user-{}", keys.len())).unwrap();
    let generated = service.generate(&permit(service, caller()), Generate::new(user)).unwrap();
    keys.push((generated.key_id, *generated.key.digest().expose_bytes()));
    generated.key_id
}

async fn save(service: Arc<Service>, key_id: KeyId) {
    service.save(&permit(&service, caller()), Save::new(key_id, SaveMode::Add)).await.unwrap();
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
