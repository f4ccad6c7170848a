//! Damaged, old and foreign files, in short.

mod daemon;
mod old;

use apikeyd::parts::Parts;
use apikeyd_campaigns::damage::{Outcome, Subject, ask, damage, rewrite_history};

#[test]
fn a_spoiled_file_is_called_damaged_or_gives_right_answers() {
    let subject = Subject::make(Parts::system());
    let tally = damage(&subject, 1, 0..300);
    assert_eq!(tally.wrong, 0, "{tally}");
    assert!(tally.right > 10 && tally.told.len() > 2, "{tally}");
}

#[test]
fn every_alteration_of_the_audit_is_found() {
    let tally = rewrite_history(&Subject::make(Parts::system()), 1, 0..100);
    assert_eq!((tally.wrong, tally.right), (0, 0), "{tally}");
}

/// The campaign must be able to fail: answers that are right for another store are wrong for this one.
#[test]
fn a_store_that_answers_otherwise_is_noticed() {
    let (subject, mut other) = (Subject::make(Parts::system()), Subject::make(Parts::system()));
    assert_eq!(ask(&subject, Parts::system(), subject.killed.clone(), false), Outcome::Right);
    other.answers.truncate(1);
    assert!(matches!(ask(&other, Parts::system(), subject.closed, false), Outcome::Wrong(_)));
}
