//! `audit verify`

use crate::failure::{Exit, Failure};
use crate::output::{Output, Tone};
use crate::text::head_text;
use apikeyd_client::{AuditFault, AuditHead, Client};
use serde::Serialize;

/// The answer of `audit verify`, see JSON.md.
#[derive(Serialize)]
struct VerifiedObject {
    intact: bool,
    rows: u64,
    head: String,
    fault: Option<FaultObject>,
}

#[derive(Serialize)]
struct FaultObject {
    kind: &'static str,
    revision: Option<u64>,
    message: String,
}

pub(crate) fn run(
    client: &Client,
    known_head: Option<AuditHead>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let report = client.audit_verify(known_head)?;
    let exit = if report.fault.is_none() { Exit::Done } else { Exit::Refused };
    if output.is_json() {
        output.object(&VerifiedObject {
            intact: report.fault.is_none(),
            rows: report.rows,
            head: head_text(&report.head),
            fault: report.fault.map(fault_object),
        })?;
        return Ok(exit);
    }
    match report.fault {
        None => {
            let intact = output.tinted("intact:", Tone::Good);
            output.line(format!("{intact} {} rows, head {}", report.rows, head_text(&report.head)))?;
        }
        Some(fault) => {
            let broken = output.tinted("not intact:", Tone::Bad);
            output.line(format!(
                "{broken} {}; {} rows are intact",
                fault_object(fault).message,
                report.rows
            ))?;
        }
    }
    Ok(exit)
}

fn fault_object(fault: AuditFault) -> FaultObject {
    let (kind, revision, message) = match fault {
        AuditFault::Missing { revision } => ("missing", Some(revision), format!("row {revision} is missing")),
        AuditFault::Altered { revision } => {
            ("altered", Some(revision), format!("row {revision} was altered"))
        }
        AuditFault::HeadAltered => {
            ("head-altered", None, "the head is not the hash of the last row".to_owned())
        }
        AuditFault::KnownHeadLost { revision } => (
            "known-head-lost",
            Some(revision),
            format!(
                "the head of revision {revision} that you gave is not in this chain: rows were cut off, or another \
                 database was put here"
            ),
        ),
        AuditFault::RevocationUndone { revision } => (
            "end-undone",
            Some(revision),
            format!(
                "the key that row {revision} revoked is stored as active: an older record was put back into the \
                 database. Revoke it again, and find out who can write there"
            ),
        ),
    };
    FaultObject { kind, revision, message }
}
