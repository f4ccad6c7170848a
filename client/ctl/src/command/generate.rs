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
use crate::output::time::{rfc3339, to_the_second};
use crate::terminal;
use crate::text::visible;
use apikeyd_client::{Client, Generate, Generated, SaveMode, Saved, Status};
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
    let unsaved = Unsaved { client, draft, mode, generated: client.generate(draft)? };
    if save {
        unsaved.save_then_show(output)
    } else if !output.is_json() && io::stdin().is_terminal() && io::stdout().is_terminal() {
        unsaved.show_then_ask(output)
    } else {
        unsaved.only_show(output)
    }
}

/// A key that was made, and that nobody has seen yet.
struct Unsaved<'a> {
    client: &'a Client,
    draft: &'a Generate,
    mode: SaveMode,
    generated: Generated,
}

impl Unsaved<'_> {
    fn save_then_show(&self, output: &mut Output) -> Result<Exit, Failure> {
        let saved = match self.client.save(self.generated.key_id, self.mode) {
            Ok(saved) => saved,
            Err(error) => {
                // Deleted even if it may have been saved and only the answer is missing: nobody has seen the key.
                let has_another = error.status() == Some(Status::Conflict) && self.mode == SaveMode::Add;
                let failure = self.after_deleting(Failure::from(error).with_advice("the key is not shown"));
                return Err(if has_another {
                    failure.with_advice("use --replace to replace it")
                } else {
                    failure
                });
            }
        };
        self.show(Some(&saved), output)?;
        output.note(save::sentence(&saved));
        Ok(Exit::Done)
    }

    fn show_then_ask(&self, output: &mut Output) -> Result<Exit, Failure> {
        self.show(None, output)?;
        output.note("the key is shown only this once");
        let (key_id, user) = (self.generated.key_id, visible(self.draft.user.as_str()));
        let question = match self.mode {
            SaveMode::Add => format!("Save this key for {user}?"),
            SaveMode::Replace => format!("Save this key for {user} and revoke the current one?"),
        };
        let waits = || format!("nothing was saved; {}", self.waiting());
        if terminal::confirm(&question).map_err(|failure| failure.with_advice(waits()))? {
            let saved = self.client.save(key_id, self.mode);
            let saved = saved.map_err(|error| save::explain(error, key_id, self.mode))?;
            output.note(save::sentence(&saved));
            return Ok(Exit::Done);
        }
        match self.client.delete(key_id) {
            Ok(_) => output.note("not saved; the key was discarded"),
            Err(_) => output.note(format!(
                "not saved; the key expires at {}",
                to_the_second(self.generated.draft_expires_at)
            )),
        }
        Ok(Exit::Refused)
    }

    fn only_show(&self, output: &mut Output) -> Result<Exit, Failure> {
        self.show(None, output)?;
        output.note(format!("not saved yet: {}", self.waiting()));
        Ok(Exit::Done)
    }

    /// Shows the key; one that could not be shown is ended.
    fn show(&self, saved: Option<&Saved>, output: &mut Output) -> Result<(), Failure> {
        self.write(saved, output).map_err(|error| {
            let words = format!("the key could not be written to standard output: {error}");
            self.after_deleting(Failure::internal(words))
        })
    }

    fn write(&self, saved: Option<&Saved>, output: &mut Output) -> io::Result<()> {
        let Self { draft, generated, .. } = self;
        let key = generated.key.expose();
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

    fn waiting(&self) -> String {
        let replace = match self.mode {
            SaveMode::Add => "",
            SaveMode::Replace => " --replace",
        };
        format!(
            "`apikeyctl save {}{replace}` saves the key until {}",
            self.generated.key_id,
            to_the_second(self.generated.draft_expires_at)
        )
    }

    /// Deletes the key, which nobody has seen, and adds what became of it.
    fn after_deleting(&self, failure: Failure) -> Failure {
        let key_id = self.generated.key_id;
        match self.client.delete(key_id) {
            Ok(_) => failure.with_advice("the key was deleted; generate another"),
            Err(_) => failure.with_advice(format!("revoke it with `apikeyctl delete {key_id}`")),
        }
    }
}
