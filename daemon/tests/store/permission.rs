//! Who may do what, and who is told what.

use crate::house::{House, peer};
use apikeyd::operations::ErrorKind;
use apikeyd::operations::authorise;
use apikeyd_kit_service::permit;
use apikeyd_protocol::message::{Delete, DeleteOutcome, DeleteUser, Save};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::right::types;
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::SaveMode;

#[test]
fn a_permit_is_given_for_the_right_that_is_there_and_no_other() {
    let caller = peer(5);
    let house = House::new();
    for held in Right::ALL {
        let standing = house.service().standing(|| RightSet::EMPTY.with(held));
        let given = [
            authorise::<types::Validate>(standing, &caller).is_ok(),
            authorise::<types::Issue>(standing, &caller).is_ok(),
            authorise::<types::Inspect>(standing, &caller).is_ok(),
            authorise::<types::Admin>(standing, &caller).is_ok(),
        ];
        let expected = Right::ALL.map(|wanted| held == wanted || held == Right::Admin);
        assert_eq!(given, expected, "{held}");
    }
    let standing = house.service().standing(|| RightSet::EMPTY.with(Right::Issue));
    let refused = authorise::<types::Admin>(standing, &caller).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotPermitted);
    assert!(
        refused.message.contains("\"admin\"") && refused.message.contains("uid 5"),
        "{}",
        refused.message
    );
}

#[test]
fn reasons_are_for_those_who_inspect() {
    let house = House::new();
    let (draft, ended, good) = (house.generate("a"), house.generate("b"), house.generate("c"));
    house.save(&ended, SaveMode::Add).unwrap();
    house.save(&good, SaveMode::Add).unwrap();
    house.delete(ended.id()).unwrap();
    let validate = RightSet::EMPTY.with(Right::Validate);
    for refused in [house.verdict_of(validate, &draft), house.verdict_of(validate, &ended)] {
        assert_eq!(refused, "refused Invalid");
    }
    assert_eq!(house.verdict_of(validate, house.forged(&good)), "refused Invalid");
    assert_eq!(house.verdict_of(validate, &good), "valid c");
    let inspect = validate.with(Right::Inspect);
    assert_eq!(house.verdict_of(inspect, &ended), "refused Revoked(Deleted)");
}

#[test]
fn a_draft_is_its_callers_own() {
    let house = House::new();
    let draft = house.generate("a");
    let stranger = peer(2000);
    let permit = permit(house.service(), &stranger);
    let save = Save::new(draft.id(), SaveMode::Add);
    let refused = house.run(house.service().save(&permit, save)).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotPermitted);
    assert!(refused.message.contains("uid 1000"), "{}", refused.message);
    let discard = house.run(house.service().delete(&permit, Delete::new(draft.id()))).unwrap_err();
    assert_eq!(discard.kind, ErrorKind::NotPermitted);

    house.save(&draft, SaveMode::Add).unwrap();
    let repeated = house.run(house.service().save(&permit, save)).unwrap_err();
    assert_eq!(repeated.kind, ErrorKind::NotPermitted, "the answer is its owner's, too");
    let ended = house.run(house.service().delete(&permit, Delete::new(draft.id()))).unwrap();
    assert_eq!(ended.outcome, DeleteOutcome::Revoked, "ending a key is open to all who issue");
}

#[test]
fn the_event_of_a_user_drops_the_draft_of_any_caller() {
    let house = House::new();
    let draft = house.generate("a");
    let stranger = peer(2000);
    let permit = permit(house.service(), &stranger);
    let event = DeleteUser::new(UserId::parse("a").unwrap());
    let ended = house.run(house.service().delete_user(&permit, event)).unwrap();
    assert_eq!((ended.key_id, ended.draft), (None, Some(draft.id())));
    assert_eq!(house.save(&draft, SaveMode::Add).unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(house.revision(), 1, "no key ended, so nothing changed");
}
