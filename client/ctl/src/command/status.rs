//! `status`

use crate::failure::{Exit, Failure};
use crate::output::time::{rfc3339, to_the_second};
use crate::output::{Output, Tone};
use crate::text::{hex, visible};
use apikeyd_client::{Client, DaemonStatus, Error, FilesInForce, Right, Statistics, Status, StoreState};
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer of `status`, see JSON.md.
#[derive(Serialize)]
struct StatusObject<'a> {
    version: &'a str,
    pid: u32,
    started_at: String,
    instance: u64,
    rights: Vec<&'static str>,
    store: &'static str,
    store_id: String,
    revision: u64,
    active_keys: u64,
    #[serde(rename = "ended_keys")]
    revoked_keys: u64,
    drafts: u64,
    connections: u32,
    policy_rows: u32,
    files: Option<FilesObject<'a>>,
    counters: Option<BTreeMap<&'a str, u64>>,
}

/// The member `files` of `status`.
#[derive(Serialize)]
struct FilesObject<'a> {
    configuration: Option<&'a str>,
    policy: Option<&'a str>,
    policy_rows: u32,
    policy_default: &'static str,
    policy_hash: String,
    read_at: String,
}

pub(super) fn run(client: &Client, output: &mut Output) -> Result<Exit, Failure> {
    let status = client.status()?;
    let statistics = if status.rights.contains(Right::Inspect) { Some(client.statistics()?) } else { None };
    let files = if status.rights.contains(Right::Inspect) { files(client)? } else { None };
    if output.is_json() {
        output.object(&object(&status, files.as_ref(), statistics.as_ref()))?;
    } else {
        write_lines(&status, files.as_ref(), statistics.as_ref(), output)?;
    }
    Ok(Exit::Done)
}

/// The files in force, unless the daemon is older than this question.
fn files(client: &Client) -> Result<Option<FilesInForce>, Failure> {
    match client.files_in_force() {
        Err(Error::Answered { status: Status::UnknownOpcode, .. }) => Ok(None),
        answer => Ok(Some(answer?)),
    }
}

fn object<'a>(
    status: &'a DaemonStatus,
    files: Option<&'a FilesInForce>,
    statistics: Option<&'a Statistics>,
) -> StatusObject<'a> {
    StatusObject {
        version: &status.version,
        pid: status.pid,
        started_at: rfc3339(status.started_at),
        instance: status.instance,
        rights: Right::ALL
            .into_iter()
            .filter(|right| status.rights.contains(*right))
            .map(Right::name)
            .collect(),
        store: match status.store {
            StoreState::Ready => "ready",
            StoreState::ReadOnly => "read-only",
        },
        store_id: hex(&status.store_id),
        revision: status.revision,
        active_keys: status.active_keys,
        revoked_keys: status.revoked_keys,
        drafts: status.drafts,
        connections: status.connections,
        policy_rows: status.policy_rows,
        files: files.map(|files| FilesObject {
            configuration: files.configuration.as_deref(),
            policy: files.policy.as_deref(),
            policy_rows: files.policy_rows,
            policy_default: default_effect(files),
            policy_hash: hex(&files.policy_hash),
            read_at: rfc3339(files.read_at),
        }),
        counters: statistics.map(|statistics| {
            statistics.counters.iter().map(|(name, value)| (name.as_str(), *value)).collect()
        }),
    }
}

const fn default_effect(files: &FilesInForce) -> &'static str {
    if files.policy_default_allow { "allow" } else { "deny" }
}

fn write_lines(
    status: &DaemonStatus,
    files: Option<&FilesInForce>,
    statistics: Option<&Statistics>,
    output: &mut Output,
) -> Result<(), Failure> {
    let store = match status.store {
        StoreState::Ready => output.tinted("ready", Tone::Good),
        StoreState::ReadOnly => {
            format!(
                "{}: the disk is full or failing; changes are refused until it is mended",
                output.tinted("read-only", Tone::Bad)
            )
        }
    };
    let lines = [
        ("daemon", format!("apikeyd {}, process {}", visible(&status.version), status.pid)),
        (
            "started",
            format!("{}, for the {} time", to_the_second(status.started_at), ordinal(status.instance)),
        ),
        ("your rights", status.rights.to_string()),
        ("store", store),
        ("store id", hex(&status.store_id)),
        ("revision", status.revision.to_string()),
        (
            "keys",
            format!("{} active, {} ended, {} drafts", status.active_keys, status.revoked_keys, status.drafts),
        ),
        ("connections", status.connections.to_string()),
    ];
    let of_files = match files {
        Some(files) => {
            let shown = |path: &Option<String>, none: &str| {
                path.as_deref().map_or_else(|| none.to_owned(), |path| visible(path).into_owned())
            };
            let (policy, rows) = (shown(&files.policy, "compiled-in"), files.policy_rows);
            vec![
                ("config", shown(&files.configuration, "defaults")),
                ("policy", format!("{policy}, {rows} rows, default {}", default_effect(files))),
                ("read", to_the_second(files.read_at)),
            ]
        }
        None => vec![("policy", format!("{} rows", status.policy_rows))],
    };
    lines
        .iter()
        .chain(&of_files)
        .try_for_each(|(name, value)| output.line(format!("{:<14}{value}", format!("{name}:"))))?;
    let counters = statistics.map_or(&[][..], |statistics| &statistics.counters);
    counters.iter().try_for_each(|(name, value)| output.line(format!("{:<40} {value}", visible(name))))
}

fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
