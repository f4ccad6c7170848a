//! Running the program.

use apikeyd_kit::ctl::{Run, finish};
use apikeyd_kit::replies::{Reply, Replying};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A fake daemon, and the program that asks it.
pub(crate) struct Peer(Replying);

impl Peer {
    /// A peer that gives these answers in their order, and then no more.
    pub(crate) fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self(Replying::start(replies))
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    /// The program with its socket.
    pub(crate) fn program(&self) -> Command {
        let mut command = program();
        command.arg("--socket").arg(self.socket());
        command
    }

    /// Runs the program, and sees that every answer was asked for.
    pub(crate) fn run<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.run_with_input(arguments, b"")
    }

    /// The same with standard input.
    pub(crate) fn run_with_input<A: AsRef<OsStr>>(
        self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Run {
        let mut command = self.program();
        command.args(arguments);
        let run = finish(command, input);
        self.was_asked_all(&run);
        run
    }

    /// Sees that every answer was asked for.
    #[track_caller]
    pub(crate) fn was_asked_all(self, run: &Run) {
        assert!(self.0.was_asked_all(), "the peer was not asked what it expected: {run:?}");
    }
}

/// The program, with nothing of this process's environment that changes what it does.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apikeyctl"));
    for variable in ["APIKEYD_SOCKET", "NO_COLOR", "COLUMNS", "XDG_RUNTIME_DIR"] {
        command.env_remove(variable);
    }
    command.env("TERM", "xterm");
    command
}

/// Runs it without input.
pub(crate) fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Run {
    run_with_input(arguments, b"")
}

/// Runs it with standard input.
pub(crate) fn run_with_input<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, input: &[u8]) -> Run {
    let mut command = program();
    command.args(arguments);
    finish(command, input)
}

/// Runs it against a socket.
pub(crate) fn run_at<A: AsRef<OsStr>>(socket: &Path, arguments: impl IntoIterator<Item = A>) -> Run {
    let mut command = program();
    command.arg("--socket").arg(socket).args(arguments);
    finish(command, b"")
}

/// Waits until there is something to read; a program that says nothing fails its test instead of holding it.
#[track_caller]
pub(crate) fn await_output(source: impl AsFd) {
    let mut waited = [PollFd::new(&source, PollFlags::IN)];
    let patience = Timespec { tv_sec: 30, tv_nsec: 0 };
    assert_eq!(poll(&mut waited, Some(&patience)).unwrap(), 1, "nothing came");
}
