//! Every way to exit, with its exit code. Scripts rely on the numbers, which the help documents.

use crate::text::visible;
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

/// How the program exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, valid, allowed.
    Done,
    /// The key, the operation or the file is refused.
    Refused,
    /// The command line or an input file is not valid.
    Usage,
    /// No such user, key or draft.
    NotFound,
    /// The user has an active key already, or a file exists.
    Conflict,
    /// No daemon answers at the socket (`EX_UNAVAILABLE` of sysexits.h).
    Unreachable,
    /// A fault of the daemon or of this machine (`EX_SOFTWARE`).
    Internal,
    /// The same command may succeed later (`EX_TEMPFAIL`).
    TryAgain,
    /// The daemon does not grant the right (`EX_NOPERM`).
    NotPermitted,
    /// A signal ended the command.
    Interrupted {
        /// The signal.
        signal: i32,
    },
}

impl Exit {
    /// The number for a shell.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Conflict => 4,
            Self::Unreachable => 69,
            Self::Internal => 70,
            Self::TryAgain => 75,
            Self::NotPermitted => 77,
            Self::Interrupted { .. } => 130,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Usage => "usage",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Unreachable => "unreachable",
            Self::Internal => "internal",
            Self::TryAgain => "try-again",
            Self::NotPermitted => "not-permitted",
            Self::Interrupted { .. } => "interrupted",
        }
    }

    /// Exits as a program that never caught the signal, so that a shell loop stops too.
    pub(crate) fn into_code(self) -> ExitCode {
        if let Self::Interrupted { signal } = self {
            // Returns only if the kernel refuses to raise it; the number below then says the same.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        ExitCode::from(self.number())
    }
}

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What happened and what to do, in one line without the program's name.
    pub(crate) message: String,
}

/// What `--json` writes to standard error.
#[derive(Serialize)]
struct FailureObject<'a> {
    error: FailureFields<'a>,
}

#[derive(Serialize)]
struct FailureFields<'a> {
    kind: &'static str,
    exit_code: u8,
    message: &'a str,
}

impl Failure {
    /// A failure of any kind.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// The command line, or a file that it names, is not valid.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// This machine, or the daemon, is at fault.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, message)
    }

    /// Appends advice to the message.
    pub(crate) fn with_advice(mut self, advice: impl AsRef<str>) -> Self {
        self.message.push_str("; ");
        self.message.push_str(advice.as_ref());
        self
    }

    /// Reports it on standard error: in lines, or as one object. If even that cannot be written, only the exit code is
    /// left.
    pub(crate) fn report(&self, json: bool, color: bool) -> Exit {
        let mut stderr = std::io::stderr().lock();
        let fields =
            FailureFields { kind: self.exit.name(), exit_code: self.exit.number(), message: &self.message };
        let object = json.then(|| serde_json::to_string(&FailureObject { error: fields }).ok()).flatten();
        if let Some(object) = object {
            let _ = writeln!(stderr, "{object}");
            return self.exit;
        }
        let (on, off) = if color && !json { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        // A policy file has a line for each of its faults.
        for line in self.message.lines() {
            let _ = writeln!(stderr, "{on}apikeyctl:{off} {}", visible(line));
        }
        self.exit
    }
}
