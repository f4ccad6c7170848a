//! `validate`

use crate::daemon::client;
use crate::failure::{Exit, Failure};
use crate::key_source::KeySource;
use crate::output::time::rfc3339;
use crate::output::{Output, Tone};
use crate::request::{Connection, OwnedOperation};
use crate::text::visible;
use apikeyd_client::{Refusal, ValidKey, Verdict};
use serde::Serialize;

/// The answer for a valid key, see JSON.md.
#[derive(Serialize)]
struct ValidObject<'a> {
    valid: bool,
    user: &'a str,
    key_id: String,
    label: Option<&'a str>,
    expires_at: Option<String>,
}

/// The answer for any other, see JSON.md.
#[derive(Serialize)]
struct RefusedObject<'a> {
    valid: bool,
    reason: &'static str,
    detail: Option<&'a str>,
}

pub(super) fn run(
    connection: &Connection,
    source: &KeySource,
    operation: Option<&OwnedOperation>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let key = match source.read()? {
        Ok(key) => key,
        // Found out here: the daemon is not asked, and need not run.
        Err(not_a_key) => {
            let words = not_a_key.to_string();
            return refused("malformed", Some(&words), &words, output);
        }
    };
    let client = client(connection)?;
    let verdict = match operation {
        None => client.validate(&key)?,
        Some(operation) => client.authorize(&key, operation.as_operation())?,
    };
    match verdict {
        Verdict::Valid(key) => valid(&key, output),
        Verdict::Refused(refusal) => {
            let detail = detail(&refusal);
            refused(refusal.name(), detail.as_deref(), &words(&refusal), output)
        }
    }
}

fn valid(key: &ValidKey, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        output.object(&ValidObject {
            valid: true,
            user: key.user.as_str(),
            key_id: key.key_id.to_string(),
            label: key.label.as_ref().map(|label| label.as_str()),
            expires_at: key.expires_at.map(rfc3339),
        })?;
    } else {
        output.line(visible(key.user.as_str()))?;
    }
    Ok(Exit::Done)
}

fn refused(
    reason: &'static str,
    detail: Option<&str>,
    words: &str,
    output: &mut Output,
) -> Result<Exit, Failure> {
    if output.is_json() {
        output.object(&RefusedObject { valid: false, reason, detail })?;
    } else {
        let refused = output.tinted("refused:", Tone::Bad);
        output.line(format!("{refused} {}", visible(words)))?;
    }
    Ok(Exit::Refused)
}

/// What belongs to the reason.
fn detail(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::Malformed(fault) => Some(fault.to_string()),
        Refusal::Revoked(reason) => Some(reason.to_string()),
        Refusal::OperationDenied(row) => Some(row.clone()).filter(|row| !row.is_empty()),
        Refusal::OperationAmbiguous(reason) => Some(reason.clone()),
        Refusal::Invalid
        | Refusal::UnknownKey
        | Refusal::NotSaved
        | Refusal::WrongSecret
        | Refusal::Damaged
        | _ => None,
    }
}

/// The reason for people. That an operation is refused must not read as if the key were bad.
fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid => "invalid".to_owned(),
        Refusal::UnknownKey => "unknown key".to_owned(),
        Refusal::NotSaved => "not saved yet".to_owned(),
        Refusal::WrongSecret => "wrong secret".to_owned(),
        Refusal::Revoked(reason) => reason.to_string(),
        Refusal::Damaged => "damaged record; restore the database from a backup".to_owned(),
        Refusal::OperationDenied(row) if row.is_empty() => {
            "operation denied; no row of the policy table allows it".to_owned()
        }
        Refusal::OperationDenied(row) => format!("operation denied by the policy table: {row}"),
        Refusal::OperationAmbiguous(reason) => format!("operation ambiguous: {reason}"),
        Refusal::Malformed(_) | _ => refusal.to_string(),
    }
}
