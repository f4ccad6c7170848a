//! The arguments of `policy`.

use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// `policy`
#[derive(Args, Debug)]
pub(crate) struct PolicyArguments {
    /// What to do with the table.
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

/// What to do with the table.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show the rows of the table
    Show(PolicyShowArguments),
    /// Judge operations without a key
    Test(PolicyTestArguments),
    /// Check a policy file and list its faults
    Check(PolicyCheckArguments),
    /// Have the daemon reload its policy file and its rights
    #[command(after_help = "\
A file with a fault changes nothing.

Right: admin. Exit codes: 0 in force, 1 the file has faults.")]
    Reload,
}

/// `policy show`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  apikeyctl policy show
  apikeyctl policy show --policy /etc/apikeyd/policy.toml

Right: validate; none with --policy, which needs no daemon.")]
pub(crate) struct PolicyShowArguments {
    /// Show this file instead of the table in force
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// `policy test`
#[derive(Args, Debug)]
#[command(after_help = "\
Prints `allow`, `deny` or `ambiguous`, a tab, then the row or the reason. An operation is
ambiguous when some server could take it for one that is denied; it is refused like that.

--from FILE (- for standard input) judges one operation a line: a line of an access log in the
common or combined format of Apache and nginx, or the method, a tab, the path, where \\xHH
stands for a raw byte and \\\\ for a backslash. Every line gets one line of answer, in order; a
line that cannot be read is answered `ambiguous` and named on standard error. At the end
standard error tells how many lines got which verdict, and why; --totals prints that alone.

Examples:
  apikeyctl policy test GET /api/user/42
  apikeyctl policy test --explain DELETE /api/user%2F42
  apikeyctl policy test --from requests.tsv --policy policy.toml
  apikeyctl policy test --from /var/log/nginx/access.log --totals
  zcat access.log.*.gz | apikeyctl policy test --from - --totals --policy policy.toml

Right: validate; none with --policy, which needs no daemon. Exit codes: 0 all allowed, 1
denied or ambiguous, 2 a line cannot be read.")]
pub(crate) struct PolicyTestArguments {
    /// The HTTP method
    #[arg(required_unless_present = "from", requires = "path")]
    pub(crate) method: Option<OsString>,
    /// Path and query, as on the request line
    #[arg()]
    pub(crate) path: Option<OsString>,
    /// Also show what servers read differently, and the rows that some reading matches
    #[arg(long, conflicts_with = "from")]
    pub(crate) explain: bool,
    /// Judge the operations of this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["method", "path"])]
    pub(crate) from: Option<PathBuf>,
    /// Count the lines by verdict and reason, instead of printing a verdict for each line
    #[arg(long, requires = "from", conflicts_with_all = ["method", "path"])]
    pub(crate) totals: bool,
    /// Judge by this file instead of the table in force
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// `policy check`
#[derive(Args, Debug)]
#[command(after_help = "\
Prints each fault as FILE:LINE:COLUMN: MESSAGE on standard error. Needs no daemon.

Example:
  apikeyctl policy check /etc/apikeyd/policy.toml && apikeyctl policy reload

Exit codes: 0 good, 1 faults, 2 the file cannot be read.")]
pub(crate) struct PolicyCheckArguments {
    /// The file
    pub(crate) file: PathBuf,
}
