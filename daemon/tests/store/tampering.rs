//! Bytes altered on disk are never an acceptance, and the disk never holds what must not be there.

use crate::house::House;
use apikeyd::operations::ErrorKind;
use apikeyd::operations::OpenErrorClass;
use apikeyd_protocol::key::ApiKey;
use apikeyd_protocol::term::SaveMode;
use redb::{Builder, Database, ReadableTable as _, RepairSession, Table, TableDefinition};
use std::time::{Duration, Instant};

const KEYS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("keys");
const ACTIVE: TableDefinition<'_, &str, u64> = TableDefinition::new("active");

fn edit(house: &House, edit: impl FnOnce(&mut Table<'_, u64, &'static [u8]>)) {
    let database = Database::open(house.database()).unwrap();
    let txn = database.begin_write().unwrap();
    edit(&mut txn.open_table(KEYS).unwrap());
    txn.commit().unwrap();
}

fn bytes(keys: &Table<'_, u64, &'static [u8]>, key: &ApiKey) -> Vec<u8> {
    keys.get(key.id().get()).unwrap().unwrap().value().to_vec()
}

#[test]
fn no_altered_byte_of_a_record_brings_an_ended_key_back() {
    let mut house = House::new();
    let key = house.issue("a");
    house.delete(key.id()).unwrap();
    house.stop();
    let mut original = Vec::new();
    edit(&house, |keys| original = bytes(keys, &key));
    for at in 0..original.len() {
        for mask in [0x01, 0x80, 0xff] {
            let mut altered = original.clone();
            altered[at] ^= mask;
            edit(&house, |keys| drop(keys.insert(key.id().get(), altered.as_slice()).unwrap()));
            if at % 16 == 0 {
                house.start().unwrap();
                assert_eq!(house.verdict(&key), "refused Damaged", "byte {at}");
                let refused = house.delete(key.id()).unwrap_err();
                assert_eq!(refused.kind, ErrorKind::Damaged);
                house.stop();
            }
        }
    }
}

#[test]
fn a_record_is_worth_nothing_under_another_id_or_cut_or_empty() {
    let mut house = House::new();
    let (good, victim) = (house.generate("a"), house.generate("b"));
    house.save(&good, SaveMode::Add).unwrap();
    house.save(&victim, SaveMode::Add).unwrap();
    house.delete(victim.id()).unwrap();
    house.stop();
    let mut record = Vec::new();
    edit(&house, |keys| record = bytes(keys, &good));
    for forged in [record.as_slice(), &record[..record.len() - 1], &record[..31], b""] {
        edit(&house, |keys| drop(keys.insert(victim.id().get(), forged).unwrap()));
        house.start().unwrap();
        assert_eq!(house.verdict(&victim), "refused Damaged");
        assert_eq!(house.verdict(house.forged(&victim)), "refused Damaged");
        assert_eq!(house.verdict(&good), "valid a");
        assert_eq!(house.listed(), [good.id()], "the others are listed all the same");
        house.stop();
    }
}

#[test]
fn an_index_that_lies_neither_accepts_a_key_nor_keeps_one_from_being_ended() {
    let mut house = House::new();
    let key = house.issue("a");
    house.stop();
    {
        let database = Database::open(house.database()).unwrap();
        let txn = database.begin_write().unwrap();
        {
            let mut active = txn.open_table(ACTIVE).unwrap();
            active.remove("a").unwrap();
            active.insert("b", key.id().get()).unwrap();
        }
        txn.commit().unwrap();
    }
    house.start().unwrap();
    let draft = house.generate("b");
    assert_eq!(house.save(&draft, SaveMode::Add).unwrap_err().kind, ErrorKind::Damaged);
    house.delete(key.id()).unwrap();
    assert_eq!(house.verdict(&key), "refused Revoked(Deleted)");
    assert_eq!(house.report().fault, None);
}

#[test]
fn no_secret_and_no_digest_is_on_the_disk() {
    let mut house = House::new();
    let keys: Vec<_> = (0..20).map(|user| house.generate(&format!("user-{user}"))).collect();
    for key in &keys[..10] {
        house.save(key, SaveMode::Add).unwrap();
        assert!(house.verdict(key).starts_with("valid"));
    }
    house.delete(keys[0].id()).unwrap();
    house.maintain();
    let files = |house: &House| {
        let entries = std::fs::read_dir(house.dir.path()).unwrap();
        entries.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect::<Vec<u8>>()
    };
    let running = files(&house);
    house.stop();
    for disk in [running, files(&house)] {
        let holds = |bytes: &[u8]| disk.windows(bytes.len()).any(|window| window == bytes);
        assert!(holds(b"user-5"), "the scan finds what is there");
        for key in &keys {
            let text = key.expose().as_bytes();
            let secret = &text[text.len() - 49..text.len() - 6];
            assert!(!holds(&secret[..16]) && !holds(&secret[16..32]));
            assert!(!holds(&key.digest().expose_bytes()[..16]));
        }
    }
}

#[test]
fn no_damaged_page_takes_a_killed_store_back_to_an_earlier_commit() {
    let mut house = House::new();
    let (key, other) = (house.generate("a"), house.generate("b"));
    house.save(&other, SaveMode::Add).unwrap();
    house.save(&key, SaveMode::Add).unwrap();
    house.delete(key.id()).unwrap();
    let (whole, revision) = (between_writes(&house), house.revision());
    let mut refused = 0;
    // The first page is redb's header. The others start with what their checksums cover.
    for (page, bytes) in whole.chunks(4096).enumerate().skip(1) {
        if bytes.iter().all(|byte| *byte == 0) {
            continue;
        }
        let mut copy = House::copy_of(&house);
        let mut damaged = whole.clone();
        damaged[page * 4096 + 8] ^= 0x10;
        std::fs::write(copy.database(), damaged).unwrap();
        match copy.start() {
            Ok(()) => {
                assert_eq!(copy.revision(), revision, "page {page} is not in use");
                assert_eq!(copy.verdict(&key), "refused Revoked(Deleted)", "page {page}");
                copy.stop();
            }
            Err(error) => {
                assert_eq!(error.class(), OpenErrorClass::Data, "page {page}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 5, "pages in use are found damaged: {refused}");
    house.stop();
}

#[test]
fn an_idle_store_opens_without_a_repair() {
    let mut house = House::new();
    house.issue("a");
    let deadline = Instant::now() + Duration::from_secs(60);
    let opens = |bytes: &[u8]| {
        let copy = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(copy.path(), bytes).unwrap();
        Builder::new().set_repair_callback(RepairSession::abort).open(copy.path()).is_ok()
    };
    while !opens(&between_writes(&house)) {
        assert!(Instant::now() < deadline, "the writer settles by itself");
    }
    house.stop();
}

/// The bytes of a running store's file. They are read again when the writer was at work meanwhile.
fn between_writes(house: &House) -> Vec<u8> {
    let read = || std::fs::read(house.database()).unwrap();
    let mut before = read();
    loop {
        let after = read();
        if before == after {
            return after;
        }
        before = after;
    }
}
