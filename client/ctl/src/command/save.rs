//! `save`

use super::record::RecordObject;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::time::to_the_second;
use crate::text::visible;
use apikeyd_client::{Client, Error, KeyId, KeyState, SaveMode, Saved, Status};
use serde::Serialize;

/// The answer of `save`, see JSON.md.
#[derive(Serialize)]
struct SavedObject<'a> {
    key: RecordObject<'a>,
    replaced: Option<String>,
}

pub(super) fn run(
    client: &Client,
    key_id: KeyId,
    mode: SaveMode,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let saved = client.save(key_id, mode).map_err(|error| explain(error, key_id, mode))?;
    if output.is_json() {
        let replaced = saved.replaced.map(|id| id.to_string());
        output.object(&SavedObject { key: (&saved.key).into(), replaced })?;
    } else {
        output.line(sentence(&saved))?;
    }
    Ok(Exit::Done)
}

/// What was done, in words.
pub(super) fn sentence(saved: &Saved) -> String {
    let user = visible(saved.key.user.as_str());
    let mut words = format!("saved {} as the key of {user}", saved.key.key_id);
    if let Some(replaced) = saved.replaced {
        words.push_str(&format!(", replacing {replaced}"));
    }
    if let KeyState::Revoked { cause, at } = saved.key.state {
        words.push_str(&format!("; it was revoked since: {cause}, {}", to_the_second(at)));
    }
    words
}

/// The daemon's refusal and the command that would do it.
pub(super) fn explain(error: Error, key_id: KeyId, mode: SaveMode) -> Failure {
    let status = error.status();
    let failure = Failure::from(error);
    match (status, mode) {
        (Some(Status::Conflict), SaveMode::Add) => {
            failure.with_advice(format!("`apikeyctl save {key_id} --replace` replaces it"))
        }
        _ => failure,
    }
}
