//! A key's record, for people and for programs.

use crate::failure::Failure;
use crate::output::time::{rfc3339, to_the_second};
use crate::output::{Output, Tone};
use crate::text::visible;
use apikeyd_client::{KeyRecord, KeyState};
use serde::Serialize;

/// The object `record` of JSON.md.
#[derive(Serialize)]
pub(super) struct RecordObject<'a> {
    key_id: String,
    user: &'a str,
    label: Option<&'a str>,
    state: &'static str,
    created_at: String,
    created_by: u32,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    ended_at: Option<String>,
    end_reason: Option<&'static str>,
}

impl<'a> From<&'a KeyRecord> for RecordObject<'a> {
    fn from(record: &'a KeyRecord) -> Self {
        let (state, ended) = match record.state {
            KeyState::Active => ("active", None),
            KeyState::Revoked { cause, at } => ("ended", Some((cause, at))),
        };
        Self {
            key_id: record.key_id.to_string(),
            user: record.user.as_str(),
            label: record.label.as_ref().map(|label| label.as_str()),
            state,
            created_at: rfc3339(record.created_at),
            created_by: record.created_by,
            expires_at: record.expires_at.map(rfc3339),
            last_used_at: record.last_used_at.map(rfc3339),
            ended_at: ended.map(|(_, at)| rfc3339(at)),
            end_reason: ended.map(|(reason, _)| reason.name()),
        }
    }
}

/// Writes a record, one field on each line.
pub(super) fn write_lines(record: &KeyRecord, output: &mut Output) -> Result<(), Failure> {
    let state = match record.state {
        KeyState::Active => output.tinted("active", Tone::Good),
        KeyState::Revoked { cause, at } => {
            format!("{}: {cause}, {}", output.tinted("revoked", Tone::Bad), to_the_second(at))
        }
    };
    output.line(format!("key id:     {}", record.key_id))?;
    output.line(format!("user:       {}", visible(record.user.as_str())))?;
    output.line(format!(
        "label:      {}",
        visible(record.label.as_ref().map_or("-", |label| label.as_str()))
    ))?;
    output.line(format!("state:      {state}"))?;
    output.line(format!("created:    {} by uid {}", to_the_second(record.created_at), record.created_by))?;
    output
        .line(format!("expires:    {}", record.expires_at.map_or_else(|| "never".into(), to_the_second)))?;
    output.line(format!("last used:  {}", record.last_used_at.map_or_else(|| "never".into(), to_the_second)))
}
