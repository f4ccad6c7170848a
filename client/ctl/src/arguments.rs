//! The command line as text. `request` turns it into types that depend on more than one argument.

mod bench;
mod commands;
mod guard;
mod head;
mod policy;
mod span;

pub(crate) use bench::{BenchArguments, BenchMode};
pub(crate) use commands::{
    AuditArguments, AuditCommand, BackupArguments, Cause, CompletionsArguments, CredentialsArguments,
    DeleteArguments, GenerateArguments, ListArguments, ManArguments, SaveArguments, ShowArguments,
    UserArguments, ValidateArguments,
};
pub(crate) use policy::{PolicyArguments, PolicyCommand, PolicyTestArguments};

use crate::failure::{Exit, Failure};
use crate::output::{Color, write_help};
use crate::text::visible_lines;
use clap::builder::Styles;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const SEE_HELP: &str = "`apikeyctl --help` has examples, the exit codes and the environment.";

const LONG_HELP: &str = "\
The life of a key:
  apikeyctl generate alice --label laptop    make a key, show it once, ask whether to save it
  apikeyctl validate < key.txt               whose key is it, and does it still count
  apikeyctl generate alice --replace --save  a new key, the old one ends in the same step
  apikeyctl delete 0a1B2c3D4e                end a key by its id
  apikeyctl credentials-changed alice --cause reset

A key is read from standard input, from a prompt that does not show it, or from a file. It is never
taken as an argument: other users see arguments in the process list, and shells write them down.

Standard output has the answer, standard error all else. With --json every answer is one object, and
so is a failure, on standard error.

Exit codes:
   0  done, valid, allowed               69  the daemon cannot be reached
   1  refused: the key, the operation,   70  a fault of the daemon or of this machine
      the policy file                    75  try again later
   2  usage                              77  not permitted: the daemon's configuration grants rights
   3  no such user, key or draft        130  interrupted
   4  conflict: the user has a key, the file exists

Environment:
  APIKEYD_SOCKET  the daemon's socket, as --socket; without both /run/apikeyd/apikeyd.sock, or below
                  $XDG_RUNTIME_DIR when a daemon of this user runs there
  NO_COLOR        no colors with --color auto";

/// Issues, checks, replaces and revokes the API keys of a local apikeyd.
#[derive(Debug, Parser)]
#[command(name = "apikeyctl", version, after_help = SEE_HELP, after_long_help = LONG_HELP, styles = Styles::plain(), max_term_width = 100)]
pub(crate) struct Arguments {
    /// Options of every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Socket of the daemon [env: APIKEYD_SOCKET]
    #[arg(long, global = true, value_name = "PATH", help_heading = "Global options")]
    pub(crate) socket: Option<PathBuf>,
    /// Write each answer as one JSON object
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// When to color text
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub(crate) color: Color,
    /// Longest wait for an answer from the daemon, such as 500ms, 10s or 2m
    #[arg(long, global = true, value_name = "TIME", value_parser = span::timeout, help_heading = "Global options")]
    pub(crate) timeout: Option<Duration>,
}

/// The commands, in the order of a key's life.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Generate a key for a user and show it once
    Generate(GenerateArguments),
    /// Make a generated key the user's active key
    Save(SaveArguments),
    /// Show the record of a key, by its id or by its user
    Show(ShowArguments),
    /// List the keys
    List(ListArguments),
    /// Revoke a key
    Delete(DeleteArguments),
    /// Validate a key, and judge an operation if one is given
    Validate(ValidateArguments),
    /// Report that a user's password changed: revokes the user's key
    CredentialsChanged(CredentialsArguments),
    /// Report that a user's account was deleted: revokes the user's key
    DeleteUser(UserArguments),
    /// Show, test, check and reload the policy: the operations that no key may do
    Policy(PolicyArguments),
    /// List the audit, and verify that nobody altered it
    Audit(AuditArguments),
    /// Write a consistent copy of the database while the daemon runs
    Backup(BackupArguments),
    /// Show the daemon's version, state and files in force
    Status,
    /// Measure the running daemon, or the cache of its client
    Bench(BenchArguments),
    /// Write a completion script for a shell to standard output
    Completions(CompletionsArguments),
    /// Write the manual pages into a directory
    #[command(hide = true)]
    Man(ManArguments),
}

/// Why no command runs.
#[derive(Debug)]
pub(crate) enum DeleteFound {
    /// Help or version was asked for.
    Shown(String),
    /// The arguments are not valid; the text may have several lines.
    Unusable {
        /// What to say.
        text: String,
        /// Whether `--json` is among the arguments.
        json: bool,
    },
}

/// Reads the arguments; the first is the program's name.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Arguments, DeleteFound> {
    let arguments: Vec<OsString> = arguments.collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    // Before clap sees them: its messages repeat what was written.
    if let Some(place) = guard::find_key(&arguments) {
        return Err(DeleteFound::Unusable { text: guard::refusal(place), json });
    }
    Arguments::try_parse_from(arguments).map_err(|error| {
        let text = error.render().to_string();
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            return DeleteFound::Shown(text);
        }
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            return DeleteFound::Unusable { text: format!("give a command\n\n{}", text.trim_end()), json };
        }
        DeleteFound::Unusable {
            text: text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned(),
            json,
        }
    })
}

/// The whole command line for completions and manual pages.
pub(crate) fn definition() -> clap::Command {
    Arguments::command()
}

impl DeleteFound {
    /// Writes it to the right stream.
    pub(crate) fn report(self) -> Exit {
        match self {
            Self::Shown(text) => write_help(&text),
            Self::Unusable { text, json: true } => Failure::usage(text).report(true, false),
            Self::Unusable { text, json: false } => {
                use std::io::Write;
                let _ = writeln!(std::io::stderr().lock(), "apikeyctl: {}", visible_lines(&text));
                Exit::Usage
            }
        }
    }
}
