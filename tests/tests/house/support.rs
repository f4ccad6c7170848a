//! What most of the tests begin with.

use apikeyd_kit::ctl::{Ctl, Run};
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use apikeyd_protocol::key::ApiKey;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The binary that is tour, daemon and command line.
pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tour"))
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All Rust files below a folder, but for what cargo builds there.
pub(crate) fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path()).filter(|path| !path.ends_with("target"));
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The wall clock, in milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    u64::try_from(now.as_millis()).expect("a date in this age")
}

/// A running daemon with its directory and a command line for it.
pub(crate) struct House {
    pub(crate) daemon: Daemon,
    pub(crate) ctl: Ctl,
    pub(crate) scratch: Scratch,
}

impl House {
    pub(crate) fn open() -> Self {
        Self::open_with(|start, _| start)
    }

    /// `configure` adds arguments and variables.
    pub(crate) fn open_with(configure: impl FnOnce(Start, &Scratch) -> Start) -> Self {
        let scratch = Scratch::new(binary());
        let daemon = configure(Start::new(&scratch), &scratch).ready();
        Self { daemon, ctl: Ctl::new(&scratch), scratch }
    }

    /// Ends the daemon as a crash would and starts another on the same files.
    pub(crate) fn crash_and_restart(self) -> Self {
        self.daemon.kill();
        let daemon = Daemon::start(&self.scratch);
        Self { daemon, ctl: self.ctl, scratch: self.scratch }
    }

    /// A saved key of a user.
    pub(crate) fn issue(&self, user: &str) -> Key {
        Key::from(&self.ctl.run(["generate", user, "--save"]))
    }

    pub(crate) fn validate(&self, key: &Key) -> Run {
        self.ctl.run_with_input(["validate"], key.text.as_bytes())
    }
}

/// A key in somebody's hands.
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) id: String,
}

impl Key {
    /// From what `generate` printed.
    pub(crate) fn from(run: &Run) -> Self {
        assert_eq!(run.code, 0, "{run:?}");
        let text = run.stdout.strip_suffix('\n').expect("a line").to_owned();
        let id = ApiKey::parse(text.as_bytes()).expect("a key, alone on standard output").id().to_string();
        Self { text, id }
    }
}
