//! A whole connection: requests good and bad, in any order and any pieces, to a daemon in this process.

mod client;
mod model;
mod script;

use super::allocation::within;
use super::input::Input;
use crate::in_memory::{Image, PEPPER, START};
use crate::repeatable;
use apikeyd::config::{Accounts, CommandLine, Config, Place, load};
use apikeyd::embedded::Embedded;
use apikeyd::operations::{Service, Settings};
use apikeyd::parts::{Clock, Parts};
use apikeyd_kit_service::peer;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::right::RightSet;
use core::time::Duration;
use model::Model;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Bytes that both ends of one connection may hold on this thread beside what was sent: the daemon's buffers (64 KiB
/// in, 256 KiB and one answer out, each twice while it grows), the database's pages, and the client's copies.
const BOUND: usize = 4 << 20;

/// Time in which a connection must have ended. Generous, since it only tells a hang from a slow machine.
const HANG: Duration = Duration::from_secs(120);

/// Bytes of an input that count: what comes behind them is more of the same.
const MOST_BYTES: usize = 16 * 1024;

thread_local! {
    /// A store without keys, made once: opening a copy of it is faster than making one.
    static EMPTY: Vec<u8> = {
        let image = Image::default();
        Service::create_on(Box::new(image.clone()), &PEPPER, &parts(3)).unwrap();
        image.bytes()
    };
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

/// Bytes as a caller and a script of what it sends.
pub fn connection(bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(MOST_BYTES)];
    let mut input = Input::new(bytes);
    let (uid, rights) = input.choose(&CALLERS);
    let image = EMPTY.with(|bytes| Image::of(bytes.clone()));
    let settings = Settings { cache_bytes: 1 << 20, ..Settings::in_dir(Path::new("nowhere")) };
    let table = PolicyTable::shipped();
    let service = Service::open_on(Arc::new(image), &PEPPER, settings, table, parts(4)).unwrap();
    let daemon = Embedded::new(Arc::clone(&service), CommandLine::default(), place(), CONFIG.clone());
    let model = Model::new(RightSet::from_bits(rights));
    RUNTIME.with(|runtime| {
        within(BOUND + 8 * bytes.len(), || {
            runtime.block_on(async {
                let talk = talk(&daemon, uid, model, input);
                tokio::time::timeout(HANG, talk).await.expect("the connection hangs");
                service.close().await.unwrap();
            });
        });
    });
}

async fn talk(daemon: &Embedded, uid: u32, mut model: Model, input: Input<'_>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (_drain, draining) = watch::channel(false);
    let served = daemon.serve(theirs, peer(uid), draining);
    let (end, ()) = tokio::join!(served, client::speak(ours, input, &mut model));
    let end = end.unwrap();
    assert!(ENDS.contains(&end.as_str()), "the connection ended because {end}");
    model.settle();
}

/// Ends that a script can bring about: it neither waits for a time limit nor refuses to read.
const ENDS: [&str; 3] = ["the caller closed it", "the caller broke the protocol", "the caller was refused"];

/// Users and the bits of their rights: validate 1, issue 2, inspect 4, admin 8 and all.
const CALLERS: [(u32, u32); 6] = [(1000, 15), (0, 15), (1001, 1), (1002, 3), (1003, 4), (1004, 0)];

fn parts(seed: u64) -> Parts {
    repeatable::parts(seed).with_clock(Clock::manual(START))
}

fn place() -> Place {
    Place {
        uid: 1000,
        state_directory: None,
        xdg_state_home: None,
        xdg_runtime_dir: Some("/run/user/1000".into()),
        home: Some("/nowhere".into()),
        log: None,
    }
}

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[rights]\nvalidate = { users = [1001, 1002] }\nissue = { users = [1002] }\ninspect = { users = [1003] }\n")
        .unwrap();
    let command_line = CommandLine { config: Some(file.path().to_owned()), ..CommandLine::default() };
    load(&command_line, &place(), &NoNames).unwrap()
});

/// The configuration names nobody.
struct NoNames;

impl Accounts for NoNames {
    fn user(&self, _: &str) -> Result<Option<u32>, String> {
        Ok(None)
    }
    fn group(&self, _: &str) -> Result<Option<u32>, String> {
        Ok(None)
    }
}
