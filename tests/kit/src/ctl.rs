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

impl Ctl {
    /// The command line of a scratch directory, against the daemon there.
    #[must_use]
    pub fn new(scratch: &Scratch) -> Self {
        Self { program: scratch.ctl(), socket: scratch.socket(), uid: None, groups: Vec::new() }
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
    ///
    /// # Panics
    /// When the process cannot be started.
    #[must_use]
    pub fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Run {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("apikeyctl's process");
        if let Some(mut stdin) = child.stdin.take() {
            // A program that refuses early closes its end: that is its answer, not a fault of the test.
            let _ = stdin.write_all(input);
        }
        let output = child.wait_with_output().expect("its output");
        Run {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
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
