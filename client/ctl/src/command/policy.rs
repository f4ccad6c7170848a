//! `policy`: by the daemon's table, or by a file without a daemon.

pub(super) mod check;
pub(super) mod explain;
mod file;
pub(super) mod show;
pub(super) mod test;

use crate::daemon::client;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::request::{Connection, Operation};
use apikeyd_client::Client;
use apikeyd_policy::{PolicyTable, Verdict};
use apikeyd_protocol::message::PolicyVerdict;
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

impl Judge {
    /// The verdict, and the row or the reason in words.
    fn judge(&self, operation: &Operation) -> Result<(PolicyVerdict, String), Failure> {
        match self {
            Self::Daemon(client) => {
                let answer = client.policy_test(&operation.method, &operation.target)?;
                Ok((answer.verdict, answer.because))
            }
            Self::File(table) => {
                let judgement = table.judge(&operation.method, &operation.target);
                let verdict = match judgement.verdict {
                    Verdict::Allow => PolicyVerdict::Allow,
                    Verdict::Deny => PolicyVerdict::Deny,
                    Verdict::Ambiguous => PolicyVerdict::Ambiguous,
                };
                Ok((verdict, judgement.to_string()))
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
