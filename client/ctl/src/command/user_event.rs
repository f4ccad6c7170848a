//! `credentials-changed` and `delete-user`: what services tell of an account.

use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::text::visible;
use apikeyd_client::{Client, CredentialsCause, UserId, UserRevoked};
use serde::Serialize;

/// The answer of both commands, see JSON.md.
#[derive(Serialize)]
struct UserEndedObject<'a> {
    user: &'a str,
    ended: Option<String>,
    draft_discarded: Option<String>,
}

pub(super) fn credentials_changed(
    client: &Client,
    user: &UserId,
    cause: CredentialsCause,
    output: &mut Output,
) -> Result<Exit, Failure> {
    tell(user, client.credentials_changed(user, cause)?, output)
}

pub(super) fn delete_user(client: &Client, user: &UserId, output: &mut Output) -> Result<Exit, Failure> {
    tell(user, client.delete_user(user)?, output)
}

fn tell(user: &UserId, ended: UserRevoked, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        output.object(&UserEndedObject {
            user: user.as_str(),
            ended: ended.key_id.map(|id| id.to_string()),
            draft_discarded: ended.draft.map(|id| id.to_string()),
        })?;
        return Ok(Exit::Done);
    }
    let user = visible(user.as_str());
    match ended.key_id {
        Some(key_id) => output.line(format!("revoked {key_id}, the key of {user}"))?,
        None => output.line(format!("{user} has no active key"))?,
    }
    if let Some(draft) = ended.draft {
        output.line(format!("discarded {draft}, a draft for {user}"))?;
    }
    Ok(Exit::Done)
}
