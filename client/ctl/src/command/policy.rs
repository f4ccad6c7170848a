//! `policy`: by the daemon's table, or by a file without a daemon.

mod access_log;
pub(super) mod check;
pub(super) mod explain;
mod file;
mod judge;
mod reason;
pub(super) mod show;
pub(super) mod test;
mod totals;

use crate::failure::{Exit, Failure};
use crate::output::Output;
use apikeyd_client::Client;
pub(super) use judge::judge;
use serde::Serialize;

/// The answer of `policy reload`, see JSON.md.
#[derive(Serialize)]
struct ReloadedObject {
    policy_rows: u32,
    policy_changed: bool,
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
