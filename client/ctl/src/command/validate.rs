//! `validate`

use crate::daemon::client;
use crate::failure::{Exit, Failure};
use crate::key_source::KeySource;
use crate::output::text::visible;
use crate::output::time::rfc3339;
use crate::output::{Output, Tone};
use crate::request::{Connection, Operation};
use apikeyd_client::{ValidKey, Verdict};
use serde::Serialize;

/// The answer for a good key, see JSON.md.
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
    reason: &'a str,
    message: &'a str,
}

pub(super) fn run(
    connection: &Connection,
    source: &KeySource,
    operation: Option<&Operation>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let key = match source.read()? {
        Ok(key) => key,
        // Found out here: the daemon is not asked, and need not run.
        Err(not_a_key) => return refused("malformed", &not_a_key.to_string(), output),
    };
    let client = client(connection)?;
    let verdict = match operation {
        None => client.validate(&key)?,
        Some(operation) => client.validate_operation(&key, &operation.method, &operation.target)?,
    };
    match verdict {
        Verdict::Valid(key) => valid(&key, output),
        Verdict::Refused(refusal) => refused(refusal.name(), &refusal.to_string(), output),
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

fn refused(reason: &str, message: &str, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        output.object(&RefusedObject { valid: false, reason, message })?;
    } else {
        let refused = output.tinted("refused:", Tone::Bad);
        output.line(format!("{refused} {}", visible(message)))?;
    }
    Ok(Exit::Refused)
}
