//! `delete`

use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::time::{rfc3339, to_the_second};
use crate::text::visible;
use apikeyd_client::{Client, DeleteOutcome, Deleted, KeyId};
use serde::Serialize;

/// The answer of `delete`, see JSON.md.
#[derive(Serialize)]
struct DeletedObject<'a> {
    key_id: String,
    user: &'a str,
    outcome: &'static str,
    ended_at: Option<String>,
    end_reason: Option<&'static str>,
}

pub(super) fn run(client: &Client, key_id: KeyId, output: &mut Output) -> Result<Exit, Failure> {
    let deleted = client.delete(key_id)?;
    if output.is_json() {
        output.object(&object(&deleted))?;
    } else {
        output.line(sentence(&deleted))?;
    }
    Ok(Exit::Done)
}

fn object(deleted: &Deleted) -> DeletedObject<'_> {
    let (outcome, before) = match deleted.outcome {
        DeleteOutcome::Revoked => ("ended", None),
        DeleteOutcome::AlreadyRevoked { cause, at } => ("already-ended", Some((cause, at))),
        DeleteOutcome::DraftDiscarded => ("draft-discarded", None),
    };
    DeletedObject {
        key_id: deleted.key_id.to_string(),
        user: deleted.user.as_str(),
        outcome,
        ended_at: before.map(|(_, at)| rfc3339(at)),
        end_reason: before.map(|(reason, _)| reason.name()),
    }
}

fn sentence(deleted: &Deleted) -> String {
    let (key_id, user) = (deleted.key_id, visible(deleted.user.as_str()));
    match deleted.outcome {
        DeleteOutcome::Revoked => format!("revoked {key_id}, the key of {user}"),
        DeleteOutcome::AlreadyRevoked { cause, at } => {
            format!("{key_id}, a key of {user}, was already revoked: {cause}, {}", to_the_second(at))
        }
        DeleteOutcome::DraftDiscarded => format!("discarded {key_id}, a draft for {user}"),
    }
}
