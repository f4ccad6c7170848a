//! Running the program.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::ffi::OsStr;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit code; -1 after a signal.
    pub(crate) code: i32,
}

impl Run {
    /// That it ended with this code and wrote exactly this.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!((self.code, self.stdout.as_str(), self.stderr.as_str()), (code, stdout, stderr));
    }

    /// That it ended with this code, answered nothing, and said this among other things.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, saying: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        assert!(
            self.stderr.starts_with("apikeyctl: ") && self.stderr.contains(saying),
            "{saying:?}: {self:?}"
        );
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

/// Runs a command to its end.
pub(crate) fn finish(mut command: Command, input: &[u8]) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that refuses early closes its end: that is its answer, not a fault of the test.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
    }
}
