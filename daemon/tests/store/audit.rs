//! The audit says who did what, and shows every row that was touched.

use crate::house::{House, START};
use apikeyd_protocol::term::{Actor, AuditEvent, AuditFault, AuditHead, SaveMode};
use core::time::Duration;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, Table, TableDefinition};

const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
const KEYS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("keys");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

const ROWS: u64 = 8;

/// A stopped store with eight rows, and its head.
fn stopped() -> (House, AuditHead) {
    let mut house = House::new();
    for user in 1..ROWS {
        house.save(&house.generate(&format!("user-{user}")), SaveMode::Add).unwrap();
    }
    let head = house.service().audit_head();
    assert_eq!(head.revision, ROWS);
    assert_eq!(house.report_from(Some(head)).fault, None);
    house.stop();
    (house, head)
}

type Rows<'t> = Table<'t, u64, &'static [u8]>;

fn row(rows: &Rows<'_>, revision: u64) -> Vec<u8> {
    rows.get(revision).unwrap().unwrap().value().to_vec()
}

/// What a check finds after the stopped database was edited.
fn found(edit: impl FnOnce(&mut Rows<'_>)) -> Option<AuditFault> {
    let (mut house, _) = stopped();
    edit_rows(&house, edit);
    house.start().unwrap();
    house.report().fault
}

fn edit_rows(house: &House, edit: impl FnOnce(&mut Rows<'_>)) {
    let database = Database::open(house.database()).unwrap();
    let txn = database.begin_write().unwrap();
    edit(&mut txn.open_table(AUDIT).unwrap());
    txn.commit().unwrap();
}

#[test]
fn every_row_says_who_what_and_when() {
    let house = House::new();
    let key = house.generate("a");
    house.advance(Duration::from_secs(1));
    house.save(&key, SaveMode::Add).unwrap();
    let rows = house.audit_rows();
    assert_eq!((rows[0].revision, rows[0].actor, rows[0].at), (1, Actor::Daemon, START));
    assert_eq!(rows[1].actor, Actor::Peer { uid: 1000, gid: 1000, pid: 4711 });
    assert_eq!(rows[1].at, START.saturating_add(Duration::from_secs(1)));
    let AuditEvent::KeyAdded { key_id, user } = &rows[1].event else { panic!("{rows:?}") };
    assert_eq!((*key_id, user.as_str()), (key.id(), "a"));
}

#[test]
fn every_altered_row_is_found_whichever_byte_it_is() {
    for revision in 1..=ROWS {
        let (house, _) = stopped();
        let database = Database::open(house.database()).unwrap();
        let bytes = database.begin_read().unwrap().open_table(AUDIT).unwrap().get(revision).unwrap().unwrap();
        let bytes = bytes.value().to_vec();
        drop(database);
        for at in [0, 1, 9, 10, 22, bytes.len() - 33, bytes.len() - 1] {
            let mut house = House::copy_of(&house);
            edit_rows(&house, |rows| {
                let mut altered = bytes.clone();
                altered[at] ^= 1;
                rows.insert(revision, altered.as_slice()).unwrap();
            });
            house.start().unwrap();
            // A row whose own link is altered no longer fits; nothing before it is in doubt.
            let report = house.report();
            assert_eq!(report.fault, Some(AuditFault::Altered { revision }), "byte {at}");
            assert_eq!(report.rows, revision - 1);
        }
    }
}

#[test]
fn every_removed_row_is_found() {
    for revision in 1..=ROWS {
        let fault = found(|rows| drop(rows.remove(revision).unwrap()));
        assert_eq!(fault, Some(AuditFault::Missing { revision }));
    }
    let all = found(|rows| rows.retain(|_, _| false).unwrap());
    assert_eq!(all, Some(AuditFault::Missing { revision: 1 }));
}

#[test]
fn rows_that_changed_places_or_were_copied_are_found() {
    let swapped = found(|rows| {
        let (third, fourth) = (row(rows, 3), row(rows, 4));
        rows.insert(3, fourth.as_slice()).unwrap();
        rows.insert(4, third.as_slice()).unwrap();
    });
    assert_eq!(swapped, Some(AuditFault::Altered { revision: 3 }));
    let closed_up = found(|rows| {
        for revision in 3..ROWS {
            let next = row(rows, revision + 1);
            rows.insert(revision, next.as_slice()).unwrap();
        }
        rows.remove(ROWS).unwrap();
    });
    assert_eq!(closed_up, Some(AuditFault::Altered { revision: 3 }));
    let appended = found(|rows| {
        let last = row(rows, ROWS);
        rows.insert(ROWS + 1, last.as_slice()).unwrap();
    });
    assert_eq!(appended, Some(AuditFault::Altered { revision: ROWS + 1 }));
    let before = found(|rows| {
        let first = row(rows, 1);
        rows.insert(0, first.as_slice()).unwrap();
    });
    assert_eq!(before, Some(AuditFault::Altered { revision: 0 }));
}

#[test]
fn a_tail_cut_off_together_with_the_head_is_found_by_a_head_kept_elsewhere() {
    let (mut house, head) = stopped();
    {
        let database = Database::open(house.database()).unwrap();
        let txn = database.begin_write().unwrap();
        {
            let mut rows = txn.open_table(AUDIT).unwrap();
            rows.remove(ROWS).unwrap();
            let last = row(&rows, ROWS - 1);
            let mut meta = txn.open_table(META).unwrap();
            let mut forged = meta.get("head").unwrap().unwrap().value().to_vec();
            forged[..8].copy_from_slice(&(ROWS - 1).to_le_bytes());
            forged[24..].copy_from_slice(&last[last.len() - 32..]);
            meta.insert("head", forged.as_slice()).unwrap();
        }
        txn.commit().unwrap();
    }
    house.start().unwrap();
    assert_eq!(house.report().fault, None, "nothing inside the file tells");
    assert_eq!(house.report_from(Some(head)).fault, Some(AuditFault::KnownHeadLost { revision: ROWS }));
    let other = AuditHead { mac: [0; 32], revision: 3 };
    assert_eq!(house.report_from(Some(other)).fault, Some(AuditFault::KnownHeadLost { revision: 3 }));
}

#[test]
fn an_altered_head_is_found() {
    let (mut house, _) = stopped();
    {
        let database = Database::open(house.database()).unwrap();
        let txn = database.begin_write().unwrap();
        {
            let mut meta = txn.open_table(META).unwrap();
            let mut forged = meta.get("head").unwrap().unwrap().value().to_vec();
            forged[30] ^= 1;
            meta.insert("head", forged.as_slice()).unwrap();
        }
        txn.commit().unwrap();
    }
    house.start().unwrap();
    assert_eq!(house.report().fault, Some(AuditFault::HeadAltered));
}

#[test]
fn an_older_record_put_back_is_found_though_its_seal_is_whole() {
    let mut house = House::new();
    let (deleted, other) = (house.generate("a"), house.generate("b"));
    for key in [&deleted, &other] {
        house.save(key, SaveMode::Add).unwrap();
    }
    house.stop();
    let record = |house: &House, put_back: Option<&[u8]>| {
        let database = Database::open(house.database()).unwrap();
        let txn = database.begin_write().unwrap();
        let kept = {
            let mut keys = txn.open_table(KEYS).unwrap();
            let kept = keys.get(deleted.id().get()).unwrap().unwrap().value().to_vec();
            if let Some(older) = put_back {
                keys.insert(deleted.id().get(), older).unwrap();
            }
            kept
        };
        txn.commit().unwrap();
        kept
    };
    let kept = record(&house, None);
    house.start().unwrap();
    house.delete(deleted.id()).unwrap();
    assert_eq!(house.report().fault, None);
    house.stop();
    record(&house, Some(&kept));
    house.start().unwrap();
    let report = house.report();
    assert_eq!((report.fault, report.rows), (Some(AuditFault::RevocationUndone { revision: 4 }), 4));
}
