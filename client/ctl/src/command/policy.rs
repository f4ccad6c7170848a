//! `policy`: by the daemon's table, or by a file without a daemon.

mod access_log;
pub(super) mod check;
pub(super) mod explain;
mod file;
mod reason;
pub(super) mod show;
pub(super) mod test;
mod totals;

use crate::daemon::client;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::request::{Connection, OwnedOperation};
use apikeyd_client::{Client, PolicyVerdict};
use apikeyd_policy::{PolicyTable, Verdict};
use reason::Reason;
use serde::Serialize;
use std::path::Path;

/// The answer of `policy reload`, see JSON.md.
#[derive(Serialize)]
struct ReloadedObject {
    policy_rows: u32,
    policy_changed: bool,
}

/// What judges operations.
#[derive(Debug)]
pub(super) enum Judge {
    /// The table in force.
    Daemon(Client),
    /// A file's.
    File(Box<PolicyTable>),
}

/// The judge that was asked for.
pub(super) fn judge(connection: &Connection, file: Option<&Path>) -> Result<Judge, Failure> {
    match file {
        None => client(connection).map(Judge::Daemon),
        Some(file) => file::table(file).map(|table| Judge::File(Box::new(table))),
    }
}

/// The answer for one operation.
#[derive(Debug)]
struct Judged {
    verdict: PolicyVerdict,
    /// The row or the reason in words.
    because: String,
    /// The same for programs.
    reason: Reason,
}

/// The verdict as it is printed.
const fn word(verdict: PolicyVerdict) -> &'static str {
    match verdict {
        PolicyVerdict::Allow => "allow",
        PolicyVerdict::Deny => "deny",
        PolicyVerdict::Ambiguous => "ambiguous",
    }
}

impl Judge {
    /// Judges one operation.
    fn judge(&self, operation: &OwnedOperation) -> Result<Judged, Failure> {
        match self {
            Self::Daemon(client) => {
                let answer = client.policy_test(operation.as_operation())?;
                let reason = Reason::of_words(answer.verdict, &answer.because);
                Ok(Judged { verdict: answer.verdict, because: answer.because, reason })
            }
            Self::File(table) => {
                let judgement = table.judge(&operation.method, &operation.target);
                let verdict = match judgement.verdict {
                    Verdict::Allow => PolicyVerdict::Allow,
                    Verdict::Deny => PolicyVerdict::Deny,
                    Verdict::Ambiguous => PolicyVerdict::Ambiguous,
                };
                let because = judgement.to_string();
                Ok(Judged { verdict, because, reason: Reason::of(&judgement) })
            }
        }
    }
}

/// `policy reload`
pub(super) fn reload(client: &Client, output: &mut Output) -> Result<Exit, Failure> {
    let reloaded = client.reload()?;
    if output.is_json() {
        output.object(&ReloadedObject {
            policy_rows: reloaded.policy_rows,
            policy_changed: reloaded.policy_changed,
        })?;
    } else {
        let what = if reloaded.policy_changed {
            "another policy table is in force"
        } else {
            "the policy table is the same"
        };
        output.line(format!("reloaded: {what}, {} rows", reloaded.policy_rows))?;
    }
    Ok(Exit::Done)
}
