//! A large store, made once and measured often.

use apikeyd::operations::{Service, Settings};
use apikeyd::parts::Parts;
use apikeyd_client::{ApiKey, Generated};
use apikeyd_kit_service::Session;
use std::fs::{DirBuilder, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Keys that are written beside the store for asking: more than the daemon remembers (65,536).
const SAMPLE: u64 = 200_000;

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
    let stride = keys.div_ceil(SAMPLE).max(1);
    let name = |number| format!("user-{number}@example.com");
    let sampled = move |number: u64, draft: Generated| number.is_multiple_of(stride).then_some(draft.key);
    let known = apikeyd_kit_service::fill(&service, keys, name, sampled);
    Session::of(service).close().unwrap();
    known
}
