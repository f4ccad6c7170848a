//! What judges operations: the daemon's table in force, or that of a file.

use super::file;
use super::reason::Reason;
use crate::daemon::client;
use crate::failure::Failure;
use crate::request::{Connection, OwnedOperation};
use apikeyd_client::{Client, PolicyVerdict};
use apikeyd_policy::{PolicyTable, Verdict};
use std::path::Path;

/// What judges operations.
#[derive(Debug)]
pub(in crate::command) enum Judge {
    /// The table in force.
    Daemon(Client),
    /// A file's.
    File(Box<PolicyTable>),
}

/// The judge that was asked for.
pub(in crate::command) fn judge(connection: &Connection, file: Option<&Path>) -> Result<Judge, Failure> {
    match file {
        None => client(connection).map(Judge::Daemon),
        Some(file) => file::table(file).map(|table| Judge::File(Box::new(table))),
    }
}

/// The answer for one operation.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) verdict: PolicyVerdict,
    /// The row or the reason in words.
    pub(super) because: String,
    /// The same for programs.
    pub(super) reason: Reason,
}

/// The verdict as it is printed.
pub(super) const fn word(verdict: PolicyVerdict) -> &'static str {
    match verdict {
        PolicyVerdict::Allow => "allow",
        PolicyVerdict::Deny => "deny",
        PolicyVerdict::Ambiguous => "ambiguous",
    }
}

impl Judge {
    /// Judges one operation.
    pub(super) fn judge(&self, operation: &OwnedOperation) -> Result<Judged, Failure> {
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
