//! The life of a key through the real service on a real file.

use crate::house::{ADMIN, House};
use apikeyd::operations::ErrorKind;
use apikeyd::operations::{Settings, authorise};
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{DeleteOutcome, DeleteUser, Save};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::{KeyState, RevocationCause, SaveMode};
use core::time::Duration;
use redb::{Database, ReadableDatabase as _, ReadableTableMetadata as _, TableHandle as _};
use std::sync::Arc;

const ADD: SaveMode = SaveMode::Add;
const REPLACE: SaveMode = SaveMode::Replace;

#[test]
fn a_key_is_generated_saved_replaced_and_deleted() {
    let house = House::new();
    let first = house.generate("alice");
    assert_eq!(house.verdict(&first), "refused NotSaved");
    house.save(&first, ADD).unwrap();
    assert_eq!(house.verdict(&first), "valid alice");
    assert_eq!(house.verdict(house.forged(&first)), "refused WrongSecret");

    let second = house.generate("alice");
    assert_eq!(house.save(&second, ADD).unwrap_err().kind, ErrorKind::Conflict);
    let saved = house.save(&second, REPLACE).unwrap();
    assert_eq!(saved.replaced, Some(first.id()));
    assert_eq!(house.verdict(&first), "refused Revoked(Replaced)");
    assert_eq!(house.verdict(&second), "valid alice");

    assert_eq!(house.delete(second.id()).unwrap().outcome, DeleteOutcome::Revoked);
    assert_eq!(house.verdict(&second), "refused Revoked(Deleted)");
    let again = house.delete(second.id()).unwrap().outcome;
    assert!(
        matches!(again, DeleteOutcome::AlreadyRevoked { cause: RevocationCause::Deleted, .. }),
        "{again:?}"
    );
    assert_eq!(house.save(&house.generate("alice"), REPLACE).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_repeated_save_gives_the_same_answer_also_after_a_restart() {
    let mut house = House::new();
    let (old, new) = (house.generate("a"), house.generate("b"));
    house.save(&old, ADD).unwrap();
    house.save(&new, ADD).unwrap();
    let newer = house.generate("b");
    let saved = house.save(&newer, REPLACE).unwrap();
    house.restart();
    assert_eq!(house.save(&newer, REPLACE).unwrap(), saved);
    assert_eq!(house.save(&newer, ADD).unwrap_err().kind, ErrorKind::Conflict);
    let ended = house.save(&new, ADD).unwrap();
    assert!(matches!(ended.key.state, KeyState::Revoked { cause: RevocationCause::Replaced, .. }));
    assert_eq!(house.audit_names(), ["store-created", "key-added", "key-added", "key-replaced"]);
}

#[test]
fn drafts_are_lost_on_restart_and_after_their_time() {
    let mut house = House::new();
    let draft = house.generate("a");
    house.restart();
    assert_eq!(house.save(&draft, ADD).unwrap_err().kind, ErrorKind::NotFound);
    let draft = house.generate("a");
    house.advance(Duration::from_secs(600));
    assert_eq!(house.save(&draft, ADD).unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(house.revision(), 1, "drafts leave nothing in the store");
}

#[test]
fn an_expired_key_is_refused_before_and_after_the_sweep() {
    let house = House::new();
    let key = house.generate_until("a", Some(house.now().saturating_add(Duration::from_secs(60))));
    house.save(&key, ADD).unwrap();
    house.advance(Duration::from_millis(59_999));
    assert_eq!(house.verdict(&key), "valid a");
    house.advance(Duration::from_millis(1));
    assert_eq!(house.verdict(&key), "refused Revoked(Expired)");
    house.maintain();
    assert_eq!(house.verdict(&key), "refused Revoked(Expired)");
    assert_eq!(house.audit_names(), ["store-created", "key-added", "key-expired"]);
}

#[test]
fn old_records_go_after_the_retention_time() {
    let house =
        House::with(|dir| Settings { retention: Some(Duration::from_secs(100)), ..Settings::in_dir(dir) });
    let key = house.generate("a");
    house.save(&key, ADD).unwrap();
    house.delete(key.id()).unwrap();
    house.advance(Duration::from_secs(99));
    house.maintain();
    assert_eq!(house.verdict(&key), "refused Revoked(Deleted)");
    house.advance(Duration::from_secs(1));
    house.maintain();
    assert_eq!(house.verdict(&key), "refused UnknownKey");
    assert_eq!(house.audit_names(), ["store-created", "key-added", "key-deleted", "record-purged"]);
}

#[test]
fn the_last_use_is_shown_at_once_and_survives_a_restart() {
    let mut house = House::new();
    let key = house.generate("a");
    assert_eq!(house.save(&key, ADD).unwrap().key.last_used_at, None);
    house.advance(Duration::from_secs(5));
    assert_eq!(house.verdict(&key), "valid a");
    let used = house.now();
    assert_eq!(house.record(key.id()).last_used_at, Some(used));
    house.restart();
    house.advance(Duration::from_secs(5));
    assert_eq!(house.record(key.id()).last_used_at, Some(used));
    assert_eq!(house.revision(), 2, "a use is no change");
}

#[test]
fn a_batch_of_commands_sees_its_own_changes_and_spoils_none() {
    let house = House::new();
    let keys: Vec<_> = (0..200).map(|user| house.generate(&format!("user-{user}"))).collect();
    let unknown: KeyId = "0000000001".parse().unwrap();
    // All at once, so that the writer takes them in few transactions: each key twice, and one that fails.
    let answers =
        house.save_all(keys.iter().flat_map(|key| [(key.id(), ADD), (key.id(), ADD), (unknown, ADD)]));
    for (key, answers) in keys.iter().zip(answers.chunks(3)) {
        assert_eq!(answers[0].as_ref().unwrap().key.key_id, key.id());
        assert_eq!(answers[0].as_ref().unwrap(), answers[1].as_ref().unwrap());
        assert_eq!(answers[2].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    }
    assert_eq!(house.revision(), 201);
    assert_eq!(house.report().fault, None);
}

#[test]
fn a_draft_that_an_earlier_command_of_the_batch_dropped_cannot_be_saved() {
    let house = House::new();
    let drafts: Vec<_> = (0..200).map(|user| house.generate(&format!("user-{user}"))).collect();
    // Queued in this order, so that most pairs are in one transaction.
    let outcomes = house.run(async {
        let mut tasks = Vec::new();
        for (user, draft) in drafts.iter().enumerate() {
            let (service, caller, key_id) = (Arc::clone(house.service()), house.peer().clone(), draft.id());
            let user = UserId::parse(&format!("user-{user}")).unwrap();
            let (gone, caller_gone) = (Arc::clone(&service), caller.clone());
            tasks.push(tokio::spawn(async move {
                let permit = authorise(gone.standing(|| ADMIN), &caller_gone).unwrap();
                gone.delete_user(&permit, DeleteUser::new(user)).await.map(|ended| ended.draft)
            }));
            tasks.push(tokio::spawn(async move {
                let permit = authorise(service.standing(|| ADMIN), &caller).unwrap();
                service
                    .save(&permit, Save::new(key_id, SaveMode::Add))
                    .await
                    .map(|saved| Some(saved.key.key_id))
            }));
        }
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap().map_err(|error| error.kind));
        }
        outcomes
    });
    for (draft, outcomes) in drafts.iter().zip(outcomes.chunks(2)) {
        assert_eq!(outcomes, [Ok(Some(draft.id())), Err(ErrorKind::NotFound)]);
    }
    assert_eq!(house.revision(), 1);
}

#[test]
fn keys_that_ended_before_their_date_do_not_stand_in_the_way_of_the_sweep() {
    let house = House::new();
    let until = |seconds| Some(house.now().saturating_add(Duration::from_secs(seconds)));
    // More than one batch of the sweep.
    for user in 0..300 {
        let key = house.generate_until(&format!("user-{user}"), until(100));
        house.save(&key, ADD).unwrap();
        house.delete(key.id()).unwrap();
    }
    let last = house.generate_until("last", until(200));
    house.save(&last, ADD).unwrap();
    house.advance(Duration::from_secs(200));
    house.maintain();
    assert_eq!((house.condition().active_keys, house.condition().revoked_keys), (0, 301));
    assert_eq!(house.audit_names().last(), Some(&"key-expired"));
}

#[test]
fn nothing_is_left_of_a_key_whose_record_is_gone() {
    let mut house =
        House::with(|dir| Settings { retention: Some(Duration::from_secs(100)), ..Settings::in_dir(dir) });
    let key = house.generate_until("a", Some(house.now().saturating_add(Duration::from_secs(50))));
    house.save(&key, ADD).unwrap();
    assert_eq!(house.verdict(&key), "valid a");
    house.maintain();
    house.advance(Duration::from_secs(150));
    house.maintain();
    assert_eq!(house.verdict(&key), "refused UnknownKey");
    house.stop();
    let database = Database::open(house.database()).unwrap();
    let txn = database.begin_read().unwrap();
    let mut rows = Vec::new();
    for table in txn.list_tables().unwrap() {
        rows.push((table.name().to_owned(), txn.open_untyped_table(table).unwrap().len().unwrap()));
    }
    rows.retain(|(_, rows)| *rows > 0);
    assert_eq!(rows, [("audit".to_owned(), 4), ("meta".to_owned(), 7)]);
}

/// Its end was committed and perhaps never answered; caches may trust the lost page until its lease ends.
#[test]
fn a_repeated_answer_waits_out_the_page_of_the_start_before_as_the_first_would() {
    let mut house = House::new();
    house.issue("a");
    let new = house.generate("a");
    house.save(&new, SaveMode::Replace).unwrap();
    house.stop();
    std::fs::remove_file(house.page()).unwrap();
    house.start().unwrap();
    let begun = std::time::Instant::now();
    house.save(&new, SaveMode::Replace).unwrap();
    assert!(begun.elapsed() > Duration::from_secs(2), "the lease is three seconds long");
}
