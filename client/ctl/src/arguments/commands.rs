//! The arguments of each command but `policy` and `bench`, with the help that explains it.

use super::head::audit_head;
use super::span::Expiry;
use apikeyd_client::{AuditHead, KeyId, Label, UserId};
use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;

/// `generate`
#[derive(Args, Debug)]
#[command(after_help = "\
On a terminal the key is shown once, and a question asks whether to save it. Elsewhere --save
saves it; without --save it stays a draft for ten minutes, for `apikeyctl save KEY_ID`. A
draft is never valid.

Standard output has the key and nothing else. With --save it is written only after the save is
done.

Examples:
  apikeyctl generate alice --label 'build server' --expires 90d
  apikeyctl generate alice --replace --save > alice.key

Right: issue. Exit codes: 0 done, 1 not saved on your answer, 4 the user has a key (use
--replace), 3 with --replace: the user has none.")]
pub(crate) struct GenerateArguments {
    /// Whose key it will be: 1 to 255 bytes, as the services name the account
    pub(crate) user: UserId,
    /// A note to recognise the key by, at most 128 bytes
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<Label>,
    /// When the key expires: 30m, 12h, 90d, 2w, 1y, or a date
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) expires: Option<Expiry>,
    /// Replace the user's current key, which is revoked in the same step
    #[arg(long)]
    pub(crate) replace: bool,
    /// Save without asking
    #[arg(long)]
    pub(crate) save: bool,
}

/// `save`
#[derive(Args, Debug)]
#[command(after_help = "\
A draft can be saved by the system user who generated it, for ten minutes. To save again is no
error and gives the same answer.

Examples:
  apikeyctl save 0a1B2c3D4e
  apikeyctl save 0a1B2c3D4e --replace

Right: issue. Exit codes: 0 done, 3 no such draft, or --replace and the user has no key, 4 the
user has a key.")]
pub(crate) struct SaveArguments {
    /// The id that `generate` printed: ten characters
    pub(crate) key_id: KeyId,
    /// Replace the user's current key, which is revoked in the same step
    #[arg(long)]
    pub(crate) replace: bool,
}

/// `show`
#[derive(Args, Debug)]
#[command(after_help = "\
A text of ten characters 0-9, A-Z and a-z is tried as a key id first, then as a user.

Examples:
  apikeyctl show alice
  apikeyctl show 0a1B2c3D4e --json

Right: issue. Exit codes: 0 found, 3 no such key, or the user has none.")]
pub(crate) struct ShowArguments {
    /// A user, for the active key; or a key id, also of a revoked key
    #[arg(value_name = "USER|KEY_ID")]
    pub(crate) target: UserId,
    /// Read the argument as a user, even if it looks like a key id
    #[arg(long)]
    pub(crate) user: bool,
}

/// `list`
#[derive(Args, Debug)]
#[command(after_help = "\
On a terminal a table; elsewhere a line of headings and one line for each key, columns parted
by tabs.

Examples:
  apikeyctl list
  apikeyctl list --ended --json | jq -r '.keys[] | select(.end_reason == \"expired\") | .user'

Right: inspect.")]
pub(crate) struct ListArguments {
    /// Include revoked keys
    #[arg(long)]
    pub(crate) ended: bool,
}

/// `delete`
#[derive(Args, Debug)]
#[command(after_help = "\
When this command returns, the key is refused on this machine. To delete an ended key is no
error; a draft is discarded.

Example:
  apikeyctl delete 0a1B2c3D4e

Right: issue. Exit codes: 0 the key does not count any more, 3 no such key.")]
pub(crate) struct DeleteArguments {
    /// The key's id: ten characters, as `show` and `list` print it
    pub(crate) key_id: KeyId,
}

/// `validate`
#[derive(Args, Debug)]
#[command(after_help = "\
Reads the key from standard input (one line; a prompt that does not show it on a terminal) or
from a file. Prints the user, or `refused: REASON`. The key itself is not sent to the daemon,
only a hash of it.

Examples:
  apikeyctl validate < alice.key
  apikeyctl validate --key-file alice.key --method GET --path /api/reports?year=2026

Right: validate; the true reason of a refusal needs inspect. Exit codes: 0 valid, 1 refused.")]
pub(crate) struct ValidateArguments {
    /// Method of the operation to judge by the policy table
    #[arg(long, requires = "path")]
    pub(crate) method: Option<OsString>,
    /// Path and query of the operation, as on the request line
    #[arg(long, requires = "method")]
    pub(crate) path: Option<OsString>,
    /// Read the key from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// `credentials-changed`
#[derive(Args, Debug)]
#[command(after_help = "\
Ends the user's active key and drops a draft. That the user has none is no error.

Example:
  apikeyctl credentials-changed alice --cause reset

Right: issue.")]
pub(crate) struct CredentialsArguments {
    /// The user
    pub(crate) user: UserId,
    /// What happened to the password, for the audit
    #[arg(long)]
    pub(crate) cause: Cause,
}

/// What happened to a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cause {
    /// The user changed it
    Change,
    /// It was reset
    Reset,
}

/// `delete-user`
#[derive(Args, Debug)]
#[command(after_help = "\
Ends the user's active key and drops a draft. That the user has none is no error.

Example:
  apikeyctl delete-user alice

Right: issue.")]
pub(crate) struct UserArguments {
    /// The user
    pub(crate) user: UserId,
}

/// `audit`
#[derive(Args, Debug)]
pub(crate) struct AuditArguments {
    /// What to do with the audit.
    #[command(subcommand)]
    pub(crate) command: AuditCommand,
}

/// What to do with the audit.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List the changes, oldest first
    List(AuditListArguments),
    /// Check that no row was altered, removed or moved
    Verify(AuditVerifyArguments),
}

/// `audit list`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  apikeyctl audit list --limit 20
  apikeyctl audit list --after 1200 --json

Right: inspect.")]
pub(crate) struct AuditListArguments {
    /// Only rows after this revision
    #[arg(long, value_name = "REVISION", default_value_t = 0)]
    pub(crate) after: u64,
    /// At most this many rows [default: all]
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
}

/// `audit verify`
#[derive(Args, Debug)]
#[command(after_help = "\
Prints the head of the chain. Kept elsewhere and given with --head, it shows later that rows
at the end were cut off, or that an older database was put back.

Examples:
  apikeyctl audit verify
  apikeyctl audit verify --head 1200:5f3c...

Right: inspect. Exit codes: 0 intact, 1 not intact.")]
pub(crate) struct AuditVerifyArguments {
    /// A head that was printed before
    #[arg(long, value_name = "REVISION:HEX", value_parser = audit_head)]
    pub(crate) head: Option<AuditHead>,
}

/// `backup`
#[derive(Args, Debug)]
#[command(after_help = "\
The copy is consistent, though changes go on meanwhile. The file must not exist; it is made
with mode 0600 and synced. Keep the daemon's pepper beside it: without the pepper a database
is of no use.

Example:
  apikeyctl backup /srv/backup/apikeyd-2026-11-24.redb

Right: admin. Exit codes: 0 written, 4 the file exists.")]
pub(crate) struct BackupArguments {
    /// The file to make
    pub(crate) file: PathBuf,
}

/// `completions`
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  apikeyctl completions bash > /etc/bash_completion.d/apikeyctl")]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: Shell,
}

/// `man`
#[derive(Args, Debug)]
pub(crate) struct ManArguments {
    /// An existing directory
    pub(crate) directory: PathBuf,
}
