//! The command line in a process of its own.

use crate::programs;
use crate::scratch::Scratch;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A way to run `apikeyctl` against one daemon.
#[derive(Clone, Debug)]
pub struct Ctl {
    program: PathBuf,
    socket: PathBuf,
    uid: Option<u32>,
    groups: Vec<u32>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code; -1 after a signal.
    pub code: i32,
}

impl Run {
    /// That it ended with this code and wrote exactly this.
    #[track_caller]
    pub fn is(&self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!((self.code, self.stdout.as_str(), self.stderr.as_str()), (code, stdout, stderr));
    }

    /// That it ended with this code and wrote this line or these lines to standard output.
    #[track_caller]
    pub fn prints(&self, code: i32, stdout: &str) {
        assert_eq!((self.code, self.stdout.trim_end()), (code, stdout), "{self:?}");
    }

    /// That it ended with this code, answered nothing, and said this among other things.
    #[track_caller]
    pub fn fails(&self, code: i32, saying: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        let is_said = self.stderr.starts_with("apikeyctl: ") && self.stderr.contains(saying);
        assert!(is_said, "{saying:?}: {self:?}");
    }
}

/// Runs a command to its end.
#[must_use]
pub fn finish(mut command: Command, input: &[u8]) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    if let Some(mut stdin) = child.stdin.take() {
        // A program that refuses early closes its end: that is its answer, not a fault of the test.
        let _closed = stdin.write_all(input);
    }
    let output = child.wait_with_output().expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap_or(-1) }
}

impl Ctl {
    /// The command line of a scratch directory, against the daemon there.
    #[must_use]
    pub fn new(scratch: &Scratch) -> Self {
        Self { program: scratch.ctl(), socket: scratch.socket(), uid: None, groups: Vec::new() }
    }

    /// The same against a daemon elsewhere.
    #[must_use]
    pub fn at(&self, socket: &Path) -> Self {
        Self { socket: socket.to_owned(), ..self.clone() }
    }

    /// The same for another user and group of that number, with these supplementary groups. Needs root, and
    /// [`Scratch::copy_programs`] when that user may not enter the build directory.
    #[must_use]
    pub fn as_user(&self, uid: u32, groups: &[u32]) -> Self {
        Self { uid: Some(uid), groups: groups.to_vec(), ..self.clone() }
    }

    /// Runs it without input.
    #[must_use]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.run_with_input(arguments, b"")
    }

    /// Runs it with standard input.
    #[must_use]
    pub fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Run {
        let mut command = self.command();
        command.args(arguments);
        finish(command, input)
    }

    /// The bare command, socket given.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = match self.uid {
            None => programs::command(&self.program),
            Some(uid) => self.switched(uid),
        };
        command.arg("--socket").arg(&self.socket);
        command
    }

    /// `setpriv` (util-linux) changes user, group and supplementary groups at once; the standard library
    /// cannot set the last.
    fn switched(&self, uid: u32) -> Command {
        let groups: Vec<String> = self.groups.iter().map(u32::to_string).collect();
        let mut command = programs::command(Path::new("setpriv"));
        command.arg(format!("--reuid={uid}")).arg(format!("--regid={uid}"));
        match groups.is_empty() {
            true => command.arg("--clear-groups"),
            false => command.arg(format!("--groups={}", groups.join(","))),
        };
        command.arg("--").arg(&self.program);
        command
    }
}
