//! A process that validates from the client's cache and says how: for tests that put it where its clock is another.

use apikeyd_client::{Client, Verdict};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

/// How the process answered for one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Whether the key was accepted.
    pub accepted: bool,
    /// Whether the cache said so.
    pub cached: bool,
}

/// The process, which ends when this is dropped.
#[derive(Debug)]
pub struct CachingClient {
    child: Child,
    keys: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl CachingClient {
    /// Starts it with a command that ends in its program's name, for the daemon of a socket.
    #[must_use]
    pub fn start(mut command: Command, socket: &Path) -> Self {
        let command = command.arg(socket).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the client's process");
        let keys = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, keys, answers }
    }

    /// Lets it validate a key.
    pub fn validate(&mut self, key: &str) -> Answered {
        writeln!(self.keys.as_mut().expect("its input"), "{key}").expect("a key that it takes");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("its answer");
        match line.trim_end().split_once(' ') {
            Some((verdict @ ("accepted" | "refused"), how @ ("cached" | "asked"))) => {
                Answered { accepted: verdict == "accepted", cached: how == "cached" }
            }
            _ => panic!("the client said {line:?}"),
        }
    }
}

impl Drop for CachingClient {
    fn drop(&mut self) {
        drop(self.keys.take());
        let _ = self.child.wait();
    }
}

/// The process's part: a key on each line of standard input, an answer for each on standard output.
#[must_use]
pub fn main() -> ExitCode {
    let Some(socket) = std::env::args_os().nth(1) else { return ExitCode::from(2) };
    let client = Client::builder().socket(socket).build().expect("a client");
    let mut answers = std::io::stdout().lock();
    for key in std::io::stdin().lock().lines() {
        let before = client.cache_statistics().hits;
        let verdict = client.validate(&key.expect("a line")).expect("a verdict");
        let verdict = if matches!(verdict, Verdict::Valid(_)) { "accepted" } else { "refused" };
        let how = if client.cache_statistics().hits > before { "cached" } else { "asked" };
        writeln!(answers, "{verdict} {how}").and_then(|()| answers.flush()).expect("who reads the answers");
    }
    ExitCode::SUCCESS
}
