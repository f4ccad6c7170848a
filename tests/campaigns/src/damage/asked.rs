//! Opening a spoiled image and asking everything.

use super::subject::{Subject, open_later};
use crate::in_memory::{Image, Session};
use apikeyd::operations::ErrorKind;
use apikeyd::operations::OpenErrorClass;
use apikeyd::parts::Parts;
use apikeyd_protocol::message::{List, Save};
use apikeyd_protocol::term::SaveMode;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of a damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was wrong: the damage hit nothing that counts.
    Right,
    /// The store said that it is damaged: at its opening, or about the record, row or chain that is.
    Told(String),
    /// A wrong answer, or silence. Must not be.
    Wrong(String),
}

/// Opens an image and asks about every key, lists, checks the audit and makes a change. `in_rows` allows that
/// single records say that they are damaged; elsewhere the file is refused as a whole.
#[must_use]
pub fn ask(subject: &Subject, parts: Parts, bytes: Vec<u8>, in_rows: bool) -> Outcome {
    // The image and the service are not used again after a panic.
    catch_unwind(AssertUnwindSafe(|| examine(subject, parts, bytes, in_rows))).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Outcome::Wrong(format!("panic: {}", words.unwrap_or_default()))
    })
}

fn examine(subject: &Subject, parts: Parts, bytes: Vec<u8>, in_rows: bool) -> Outcome {
    let session = match open_later(Image::of(bytes), parts) {
        Ok(session) => session,
        Err(error) if error.class() == OpenErrorClass::Data => {
            let text = format!("{error:?}");
            let kind = text.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
            return Outcome::Told(kind);
        }
        Err(error) => return Outcome::Wrong(format!("an unclear error: {error}")),
    };
    let outcome = answers(&session, subject, in_rows)
        .and_then(|damaged| works(&session, in_rows).map(|refused| damaged || refused));
    session.close();
    match outcome {
        Ok(false) => Outcome::Right,
        Ok(true) => Outcome::Told("Record".into()),
        Err(wrong) => Outcome::Wrong(wrong),
    }
}

/// Whether some record was called damaged; the error is a wrong answer.
fn answers(session: &Session, subject: &Subject, in_rows: bool) -> Result<bool, String> {
    let mut damaged = false;
    for answer in &subject.answers {
        let told = session.verdict(&answer.question);
        if told == "refused Damaged" && in_rows {
            damaged = true;
        } else if told != answer.right {
            let key_id = answer.question.key_id;
            return Err(format!("{key_id}: {told:?} instead of {:?}", answer.right));
        }
    }
    Ok(damaged)
}

/// Lists, checks the audit and makes a change: whether the change was refused because of damage.
fn works(session: &Session, in_rows: bool) -> Result<bool, String> {
    let request = List::new().include_revoked(true);
    session.service.list(&session.permit(), request, &|| false).map_err(|error| format!("list: {error}"))?;
    let report = session.verify(None).map_err(|error| format!("audit verify: {error}"))?;
    if let Some(fault) = report.fault {
        return Err(format!("audit verify: {fault:?}"));
    }
    // The user whose row of the index may be the one that lies.
    let draft = session.generate("user-1", None);
    let request = Save::new(draft.key_id, SaveMode::Add);
    match session.run(session.service.save(&session.permit(), request)) {
        Ok(_) if session.verdict(&draft) == "valid user-1" => Ok(false),
        Ok(_) => Err("a new key is not valid".into()),
        Err(error) if in_rows && error.kind == ErrorKind::Damaged => Ok(true),
        Err(error) => Err(format!("save: {error}")),
    }
}
