//! `policy test --explain`

use super::file;
use super::show;
use crate::daemon::client;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Tone};
use crate::request::{Connection, OwnedOperation};
use crate::text::{visible, visible_bytes};
use apikeyd_policy::{Explanation, PolicyTable, Reached, Verdict};
use serde::Serialize;
use std::path::Path;

/// The answer of `policy test --explain`, see JSON.md.
#[derive(Serialize)]
struct ExplainedObject {
    method: String,
    path: String,
    verdict: &'static str,
    because: String,
    reason: Option<&'static str>,
    choices: Vec<&'static str>,
    rows: Vec<ReachedObject>,
}

/// A row that some reading matches.
#[derive(Serialize)]
struct ReachedObject {
    effect: &'static str,
    method: String,
    path: String,
    name: String,
    parts: Vec<PartObject>,
}

/// What of the path is read as a segment of the row.
#[derive(Serialize)]
struct PartObject {
    segment: String,
    sent: String,
}

/// Explains one operation, by a file or by the daemon's table, which is fetched for that.
pub(crate) fn run(
    connection: &Connection,
    policy: Option<&Path>,
    operation: &OwnedOperation,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let table = match policy {
        Some(file) => file::table(file)?,
        None => show::table_in_force(&client(connection)?)?,
    };
    let explanation = table.explain(&operation.method, &operation.target);
    if output.is_json() {
        output.object(&object(&explanation, operation))?;
    } else {
        write(&table, &explanation, output)?;
    }
    let is_allowed = explanation.judgement.verdict == Verdict::Allow;
    Ok(if is_allowed { Exit::Done } else { Exit::Refused })
}

fn object(explanation: &Explanation<'_>, operation: &OwnedOperation) -> ExplainedObject {
    let part =
        |(segment, sent): &(&str, String)| PartObject { segment: (*segment).into(), sent: sent.clone() };
    let row = |reached: &Reached<'_>| ReachedObject {
        effect: reached.row.effect().as_str(),
        method: reached.row.method().unwrap_or("*").into(),
        path: reached.row.template().into(),
        name: reached.row.name().unwrap_or_default().into(),
        parts: reached.parts.iter().map(part).collect(),
    };
    let judgement = &explanation.judgement;
    ExplainedObject {
        method: visible_bytes(&operation.method),
        path: visible_bytes(&operation.target),
        verdict: judgement.verdict.as_str(),
        because: judgement.to_string(),
        reason: judgement.ambiguity.map(apikeyd_policy::Ambiguity::code),
        choices: explanation.choices.iter().map(|choice| choice.code()).collect(),
        rows: explanation.rows.iter().map(row).collect(),
    }
}

fn write(table: &PolicyTable, explanation: &Explanation<'_>, output: &mut Output) -> Result<(), Failure> {
    let judgement = &explanation.judgement;
    let tone = match judgement.verdict {
        Verdict::Allow => Tone::Good,
        Verdict::Deny => Tone::Bad,
        Verdict::Ambiguous => Tone::Doubtful,
    };
    let word = output.tinted(judgement.verdict.as_str(), tone);
    output.line(format!("{word}\t{}", visible(&judgement.to_string())))?;
    for choice in &explanation.choices {
        output.line(format!("choice\t{}: {choice}", choice.code()))?;
    }
    for reached in &explanation.rows {
        let parts: Vec<_> =
            reached.parts.iter().map(|(segment, sent)| format!("{segment} from {sent}")).collect();
        let effect = reached.row.effect();
        output.line(format!(
            "reaches\t{effect} {}: {}",
            visible(&reached.row.to_string()),
            parts.join(", ")
        ))?;
    }
    if explanation.rows.is_empty() && judgement.ambiguity.is_none_or(|reason| !reason.is_malformed()) {
        let default = table.default_effect();
        output.line(format!("reaches\tno row that denies in any reading; the default is {default}"))?;
    }
    Ok(())
}
