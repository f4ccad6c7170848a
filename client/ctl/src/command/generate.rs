//! `generate`: the one command that shows a key.
//!
//! ```text
//! terminal        show, ask ──► save, or discard
//! --save          save ──► show
//! neither         show; the draft waits for `save KEY_ID`
//! ```
//!
//! A key that nobody has seen must not stay behind as somebody's active key, and one that was shown must not
//! be believed to be saved when it is not.

use super::save;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::output::text::visible;
use crate::output::time::{rfc3339, to_the_second};
use crate::terminal;
use apikeyd_client::Client;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{Generate, Generated, SaveMode, Saved};
use serde::Serialize;
use std::io::{self, IsTerminal};

/// The answer of `generate`, see JSON.md.
#[derive(Serialize)]
struct GeneratedObject<'a> {
    key: &'a str,
    key_id: String,
    user: &'a str,
    label: Option<&'a str>,
    expires_at: Option<String>,
    saved: bool,
    replaced: Option<String>,
    draft_expires_at: Option<String>,
}

pub(super) fn run(
    client: &Client,
    draft: &Generate,
    mode: SaveMode,
    save: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let generated = client.generate(draft)?;
    if save {
        saved_then_shown(client, draft, &generated, mode, output)
    } else if !output.is_json() && io::stdin().is_terminal() && io::stdout().is_terminal() {
        shown_then_asked(client, draft, &generated, mode, output)
    } else {
        shown(client, draft, &generated, mode, output)
    }
}

fn saved_then_shown(
    client: &Client,
    draft: &Generate,
    generated: &Generated,
    mode: SaveMode,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let key_id = generated.key_id;
    let saved = match client.save(key_id, mode) {
        Ok(saved) => saved,
        Err(error) => {
            // Withdrawn also when it may have been saved and only the answer is missing: nobody has seen the key.
            let has_another = error.status() == Some(Status::Conflict) && mode == SaveMode::Add;
            let failure = withdrawn(client, key_id, Failure::from(error).with_advice("the key is not shown"));
            return Err(if has_another {
                failure.with_advice("--replace takes the place of the other")
            } else {
                failure
            });
        }
    };
    if let Err(error) = show(draft, generated, Some(&saved), output) {
        return Err(withdrawn(client, key_id, unshown(&error)));
    }
    output.note(save::sentence(&saved));
    Ok(Exit::Done)
}

fn shown_then_asked(
    client: &Client,
    draft: &Generate,
    generated: &Generated,
    mode: SaveMode,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let key_id = generated.key_id;
    show(draft, generated, None, output).map_err(|error| withdrawn(client, key_id, unshown(&error)))?;
    output.note("this is the only time that the key is shown");
    let user = visible(draft.user.as_str());
    let question = match mode {
        SaveMode::Add => format!("Save it as the key of {user}?"),
        SaveMode::Replace => format!("Save it as the key of {user}, and end the one that {user} has?"),
    };
    let waits = || format!("nothing was saved; {}", waiting(generated, mode));
    if terminal::confirm(&question).map_err(|failure| failure.with_advice(waits()))? {
        let saved = client.save(key_id, mode).map_err(|error| save::explain(error, key_id, mode))?;
        output.note(save::sentence(&saved));
        return Ok(Exit::Done);
    }
    match client.delete(key_id) {
        Ok(_) => output.note("not saved; the key was discarded"),
        Err(_) => output.note(format!(
            "not saved; the key ends by itself at {}",
            to_the_second(generated.draft_expires_at)
        )),
    }
    Ok(Exit::Refused)
}

fn shown(
    client: &Client,
    draft: &Generate,
    generated: &Generated,
    mode: SaveMode,
    output: &mut Output,
) -> Result<Exit, Failure> {
    show(draft, generated, None, output)
        .map_err(|error| withdrawn(client, generated.key_id, unshown(&error)))?;
    output.note(format!("not saved yet: {}", waiting(generated, mode)));
    Ok(Exit::Done)
}

fn show(
    draft: &Generate,
    generated: &Generated,
    saved: Option<&Saved>,
    output: &mut Output,
) -> io::Result<()> {
    let key = generated.key.0.expose_text();
    if !output.is_json() {
        return output.secret_line(key);
    }
    output.secret_object(&GeneratedObject {
        key,
        key_id: generated.key_id.to_string(),
        user: draft.user.as_str(),
        label: draft.label.as_ref().map(|label| label.as_str()),
        expires_at: draft.expires_at.map(rfc3339),
        saved: saved.is_some(),
        replaced: saved.and_then(|saved| saved.replaced).map(|id| id.to_string()),
        draft_expires_at: saved.is_none().then(|| rfc3339(generated.draft_expires_at)),
    })
}

fn waiting(generated: &Generated, mode: SaveMode) -> String {
    let replace = match mode {
        SaveMode::Add => "",
        SaveMode::Replace => " --replace",
    };
    format!(
        "`apikeyctl save {}{replace}` saves the key until {}",
        generated.key_id,
        to_the_second(generated.draft_expires_at)
    )
}

fn unshown(error: &io::Error) -> Failure {
    Failure::internal(format!("the key could not be written to standard output: {error}"))
}

/// Ends a key that nobody has seen.
fn withdrawn(client: &Client, key_id: KeyId, failure: Failure) -> Failure {
    match client.delete(key_id) {
        Ok(_) => failure.with_advice("it was withdrawn; generate another"),
        Err(_) => failure.with_advice(format!("make sure that it ends with `apikeyctl delete {key_id}`")),
    }
}
