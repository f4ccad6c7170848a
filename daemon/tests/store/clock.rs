//! A wall clock that jumps, forwards and back: each answer goes by the clock of its moment, what has ended stays ended,
//! and everything else goes on.

use crate::house::{House, START};
use apikeyd::operations::ErrorKind;
use apikeyd_protocol::term::SaveMode;
use apikeyd_protocol::time::Timestamp;
use core::time::Duration;

const ADD: SaveMode = SaveMode::Add;
const HOUR: Duration = Duration::from_secs(3600);
const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

#[test]
fn a_jump_decides_about_dates_at_once_and_a_jump_back_revives_nothing_that_was_ended() {
    let house = House::new();
    let dated = |user: &str| {
        let key = house.generate_until(user, Some(house.now().saturating_add(HOUR)));
        house.save(&key, ADD).unwrap();
        key
    };
    let (unnoticed, noticed) = (dated("a"), dated("b"));
    let (endless, deleted) = (house.generate("c"), house.generate("d"));
    house.save(&endless, ADD).unwrap();
    house.save(&deleted, ADD).unwrap();

    house.advance(TEN_YEARS);
    assert_eq!(house.verdict(&unnoticed), "refused Revoked(Expired)");
    assert_eq!(house.verdict(&endless), "valid c");
    house.delete(deleted.id()).unwrap();

    // Nobody has looked after the store meanwhile: the date is in the future again, as its owner set it.
    house.clock.set(START);
    assert_eq!(house.verdict(&unnoticed), "valid a");
    assert_eq!(house.verdict(&deleted), "refused Revoked(Deleted)");
    house.delete(unnoticed.id()).unwrap();

    house.advance(HOUR);
    house.maintain();
    house.clock.set(START);
    assert_eq!(house.verdict(&noticed), "refused Revoked(Expired)", "an end that was noticed is an end");
    for now in [Timestamp::from_unix_millis(0), START, START.saturating_add(TEN_YEARS)] {
        house.clock.set(now);
        house.maintain();
        assert_eq!(house.verdict(&endless), "valid c");
    }
}

#[test]
fn changes_go_on_whatever_the_clock_says_and_their_rows_stay_in_order() {
    let mut house = House::new();
    let nowhere = Timestamp::from_unix_millis(u64::MAX);
    let mut keys = Vec::new();
    let moments =
        [START, START.saturating_add(TEN_YEARS), START, Timestamp::from_unix_millis(0), nowhere, START];
    for (number, now) in moments.into_iter().enumerate() {
        house.clock.set(now);
        let key = house.generate(&format!("user-{number}"));
        // A draft has ten minutes, of which the end of time leaves none.
        match house.save(&key, ADD) {
            Ok(_) => keys.push(key),
            Err(error) => assert_eq!((error.kind, now), (ErrorKind::NotFound, nowhere)),
        }
    }
    house.clock.set(START);
    let report = house.report();
    assert_eq!((report.fault, report.rows), (None, 1 + keys.len() as u64));
    house.restart();
    assert_eq!(house.report().fault, None);
    for key in &keys {
        assert!(house.verdict(key).starts_with("valid"));
        house.delete(key.id()).unwrap();
        assert!(house.verdict(key).starts_with("refused"));
    }
}

#[test]
fn a_draft_made_before_a_jump_can_still_be_discarded_or_replaced() {
    let house = House::new();
    house.advance(TEN_YEARS);
    let draft = house.generate("a");
    house.clock.set(START);
    assert_eq!(house.verdict(&draft), "refused NotSaved");
    let newer = house.generate("a");
    assert_eq!(
        house.save(&draft, ADD).unwrap_err().kind,
        ErrorKind::NotFound,
        "a newer draft took its place"
    );
    house.advance(HOUR);
    assert_eq!(house.save(&newer, ADD).unwrap_err().kind, ErrorKind::NotFound, "its time is over");
}
