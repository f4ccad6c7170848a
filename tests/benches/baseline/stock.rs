//! A large store, made once and measured often.

use apikeyd::operations::{Service, Settings};
use apikeyd::parts::Parts;
use apikeyd_client::{ApiKey, UserId};
use apikeyd_kit_service::{peer, permit};
use apikeyd_protocol::message::{Generate, Save};
use apikeyd_protocol::term::SaveMode;
use std::fs::{DirBuilder, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Keys that are written beside the store for asking: more than the daemon remembers (65,536).
const SAMPLE: u64 = 200_000;

/// Saves that wait at a time; the writer takes 256 into one transaction.
const CALLERS: usize = 1024;

/// Memory that the database may use while it is filled, so that its pages are not read again and again.
const CACHE: usize = 4 * 1024 * 1024 * 1024;

/// A state directory with keys of which some are known.
pub(crate) struct Stock {
    pub(crate) state_dir: PathBuf,
    pub(crate) sample: Vec<ApiKey>,
}

impl Stock {
    /// Takes the store in `dir`; makes it when there is none. It stays there: the owner of `dir` removes it.
    pub(crate) fn of(dir: &Path, keys: u64) -> Self {
        let (state_dir, sample) = (dir.join(format!("state-{keys}")), dir.join(format!("sample-{keys}")));
        if !sample.exists() {
            // What an interrupted run left is no store of that many keys.
            let _ = std::fs::remove_dir_all(&state_dir);
            DirBuilder::new().recursive(true).mode(0o700).create(&state_dir).unwrap();
            let known = fill(&state_dir, keys);
            let half = dir.join("sample.new");
            let mut file = BufWriter::new(File::create(&half).unwrap());
            known.iter().for_each(|key| writeln!(file, "{}", key.expose()).unwrap());
            file.flush().unwrap();
            std::fs::rename(half, &sample).unwrap();
        }
        let text = std::fs::read_to_string(sample).unwrap();
        Self { state_dir, sample: text.lines().map(|line| ApiKey::parse(line.as_bytes()).unwrap()).collect() }
    }
}

/// Saves keys through the daemon's own service, without a socket, and gives some of them, spread evenly.
fn fill(state_dir: &Path, keys: u64) -> Vec<ApiKey> {
    let settings = Settings { cache_bytes: CACHE, ..Settings::in_dir(state_dir) };
    let policy = apikeyd_policy::PolicyTable::shipped();
    let service = Service::open(settings, policy, Parts::system()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let next = Arc::new(AtomicU64::new(0));
        let stride = keys.div_ceil(SAMPLE).max(1);
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| tokio::spawn(save_some(Arc::clone(&service), Arc::clone(&next), keys, stride)))
            .collect();
        let mut known = Vec::new();
        for caller in callers {
            known.extend(caller.await.unwrap());
        }
        service.close().await.unwrap();
        known
    })
}

async fn save_some(service: Arc<Service>, next: Arc<AtomicU64>, keys: u64, stride: u64) -> Vec<ApiKey> {
    let caller = peer(0);
    let mut known = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= keys {
            return known;
        }
        let user = UserId::parse(&format!("user-{number}@example.com")).unwrap();
        let draft = service.generate(&permit(&service, &caller), Generate::new(user)).unwrap();
        service.save(&permit(&service, &caller), Save::new(draft.key_id, SaveMode::Add)).await.unwrap();
        if number.is_multiple_of(stride) {
            known.push(draft.key);
        }
    }
}
