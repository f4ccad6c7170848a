//! The daemon of this package in a process of its own.

use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_apikeyd");

/// A daemon that is about to start with its own state directory and socket, both in a directory that every user may pass.
pub(crate) struct Setup {
    scratch: Scratch,
    start: Start,
}

pub(crate) struct Running {
    scratch: Scratch,
    daemon: Daemon,
}

/// Files that tests write are what a daemon trusts, whatever the umask of who runs them. It is the whole process's.
pub(crate) fn write_for_the_daemon_to_trust() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

impl Setup {
    pub(crate) fn new() -> Self {
        Self::through(PROGRAM, &[])
    }

    /// Another program that ends up as the daemon.
    pub(crate) fn through(program: &str, arguments: &[&str]) -> Self {
        write_for_the_daemon_to_trust();
        let scratch = Scratch::new(Path::new(PROGRAM));
        // The daemon makes its own.
        fs::remove_dir(scratch.state()).unwrap();
        let start = Start::program(&scratch, Path::new(program)).by_variables().args(arguments);
        Self { scratch, start }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.scratch.socket()
    }

    /// A configuration file with this text; the socket is open to all users.
    pub(crate) fn config(self, text: &str) -> Self {
        let file = self.scratch.write("apikeyd.toml", format!("socket_mode = \"0666\"\n{text}"));
        self.with(|start| start.env("APIKEYD_CONFIG", file))
    }

    pub(crate) fn env(self, name: &str, value: &str) -> Self {
        self.with(|start| start.env(name, value))
    }

    pub(crate) fn with(self, more: impl FnOnce(Start) -> Start) -> Self {
        Self { start: more(self.start), scratch: self.scratch }
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(self) -> Running {
        Running { daemon: self.start.ready(), scratch: self.scratch }
    }

    /// Starts it and does not wait.
    pub(crate) fn launch(self) -> Running {
        Running { daemon: self.start.spawn(), scratch: self.scratch }
    }
}

impl Running {
    pub(crate) fn start() -> Self {
        Setup::new().start()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.scratch.socket()
    }

    /// Asks it to stop and waits for its end, and reads no notes meanwhile.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(rustix::process::Signal::TERM);
        self.wait_unread()
    }
}

impl Deref for Running {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}
