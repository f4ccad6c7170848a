//! A database file that somebody altered: its rows through redb, its bytes without.

mod bytes;
mod rows;

use super::allocation::within;
use super::input::Input;
use crate::damage::{Outcome, Subject, ask, open_later};
use crate::in_memory::Image;
use crate::repeatable;
use apikeyd_protocol::message::{Delete, List};

/// Bytes that opening a small database and asking it everything may hold, whatever its lengths claim: redb's cache
/// and the image's copies.
const BOUND: usize = 64 << 20;

const MOST_EDITS: usize = 8;

thread_local! {
    /// The same file each time, so that an input means the same each time.
    static SUBJECT: Subject = Subject::make(repeatable::parts(1));
}

/// Bytes as a number of rows to alter, how, and then alterations of the file.
pub fn database_image(bytes: &[u8]) {
    SUBJECT.with(|subject| {
        let mut input = Input::new(bytes);
        let mut file = subject.closed.clone();
        let row_edits = input.below(4);
        if row_edits > 0 {
            rows::alter(&mut file, row_edits, &mut input);
        }
        for _ in 0..MOST_EDITS {
            if input.is_empty() {
                break;
            }
            bytes::alter(&mut file, &mut input);
        }
        within(BOUND, || {
            if row_edits > 0 {
                accepts_nothing_wrong(subject, file)
            } else {
                is_right_or_refused(subject, file)
            }
        });
    });
}

fn is_right_or_refused(subject: &Subject, file: Vec<u8>) {
    if let Outcome::Wrong(what) = ask(subject, repeatable::parts(2), file, false) {
        panic!("{what}");
    }
}

/// Who can write rows can take a key away or give a user's name to none, but can seal nothing.
fn accepts_nothing_wrong(subject: &Subject, file: Vec<u8>) {
    let Ok(session) = open_later(Image::of(file), repeatable::parts(2)) else { return };
    for answer in &subject.answers {
        let told = session.verdict(&answer.question);
        assert!(!told.starts_with("valid") || told == answer.right, "{told} instead of {}", answer.right);
    }
    // Errors are clear or there are none; a panic would be neither.
    let _ = session.service.list(&session.permit(), List::new().include_revoked(true), &|| false);
    let _ = session.verify(None);
    for answer in subject.answers.iter().filter(|answer| answer.right.starts_with("valid")) {
        let key_id = answer.question.key_id;
        let ended = session.run(session.service.delete(&session.permit(), Delete::new(key_id)));
        let told = session.verdict(&answer.question);
        assert!(ended.is_err() || !told.starts_with("valid"), "a key was ended and is accepted: {told}");
    }
    session.close();
}
