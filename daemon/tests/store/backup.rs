//! A backup is whole, consistent while writes go on, and a store again when it is put back.

use crate::house::{ADMIN, House, peer};
use apikeyd::operations::{Service, authorise};
use apikeyd_protocol::message::{AuditVerify, BackupReady, Save};
use apikeyd_protocol::term::{AuditEvent, SaveMode};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::sync::Arc;

/// A copy, and its row once it has been handed over.
async fn backup(service: Arc<Service>) -> (BackupReady, OwnedFd) {
    let root = peer(0);
    let permit = authorise(service.standing(|| ADMIN), &root).unwrap();
    let copy = service.backup(&permit, &|| false).unwrap();
    service.backup_handed_over(root.actor()).await.unwrap();
    copy
}

/// Writes a backup in the place of a house's database.
fn restore(house: &mut House, ready: BackupReady, file: OwnedFd) {
    house.stop();
    let mut bytes = Vec::new();
    File::from(file).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, ready.bytes);
    fs::remove_file(house.database()).unwrap();
    let mut options = File::options();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(house.database())
        .unwrap()
        .write_all(&bytes)
        .unwrap();
    house.start().unwrap();
}

#[test]
fn a_backup_put_back_is_the_store_of_that_moment() {
    let mut house = House::new();
    let (kept, ended) = (house.generate("a"), house.generate("b"));
    house.save(&kept, SaveMode::Add).unwrap();
    house.save(&ended, SaveMode::Add).unwrap();
    assert_eq!(house.verdict(&kept), "valid a");
    let used = house.record(kept.id()).last_used_at;
    house.maintain();
    let (ready, file) = house.run(backup(Arc::clone(house.service())));
    assert_eq!(ready.head.revision, 3, "its own row comes once it has been handed over");
    assert_eq!(house.audit_rows().last().unwrap().event, AuditEvent::BackupTaken);
    house.delete(ended.id()).unwrap();
    let later = house.service().audit_head();

    restore(&mut house, ready, file);
    assert_eq!(house.verdict(&kept), "valid a");
    assert_eq!(house.record(kept.id()).last_used_at, used);
    assert_eq!(house.verdict(&ended), "valid b", "as it was then");
    assert_eq!(house.report_from(Some(ready.head)).fault, None);
    assert!(house.report_from(Some(later)).fault.is_some(), "a head from after the backup shows it");
    house.save(&house.generate("c"), SaveMode::Add).unwrap();
}

#[test]
fn a_backup_is_consistent_while_writes_go_on() {
    let mut house = House::new();
    let keys: Vec<_> = (0..400).map(|user| house.generate(&format!("user-{user}"))).collect();
    let ids: Vec<_> = keys.iter().map(|key| key.id()).collect();
    let (ready, file) = house.run(async {
        let service = Arc::clone(house.service());
        let writes = tokio::spawn(async move {
            let caller = peer(1000);
            for key_id in ids {
                let permit = authorise(service.standing(|| ADMIN), &caller).unwrap();
                service.save(&permit, Save::new(key_id, SaveMode::Add)).await.unwrap();
            }
        });
        while house.revision() < 50 {
            tokio::task::yield_now().await;
        }
        let copy = backup(Arc::clone(house.service())).await;
        writes.await.unwrap();
        copy
    });
    assert_eq!(house.revision(), 402);
    restore(&mut house, ready, file);
    let rows = house.audit_rows();
    assert_eq!(rows.len() as u64, ready.head.revision);
    assert!(rows.len() >= 50);
    assert_eq!(house.report_from(Some(ready.head)).fault, None);
    // Exactly the keys whose rows are in the copy are keys of the copy.
    let saved = rows.iter().filter(|row| matches!(row.event, AuditEvent::KeyAdded { .. })).count();
    let valid = keys.iter().filter(|key| house.verdict(*key).starts_with("valid")).count();
    assert_eq!(valid, saved);
}

#[test]
fn a_copy_that_nobody_waits_for_is_given_up_and_leaves_no_row() {
    let house = House::new();
    house.save(&house.generate("a"), SaveMode::Add).unwrap();
    let rows = house.revision();
    let permit = house.permit();
    assert!(house.service().backup(&permit, &|| true).is_err());
    let verify = AuditVerify::new();
    let permit = house.permit();
    assert!(house.service().audit_verify(&permit, verify, &|| true).is_err());
    assert_eq!(house.revision(), rows);
}

#[test]
fn the_copy_cannot_be_written_and_has_no_name() {
    let house = House::new();
    let names = || fs::read_dir(house.dir.path()).unwrap().count();
    let before = names();
    let (_, file) = house.run(backup(Arc::clone(house.service())));
    assert_eq!(names(), before);
    let mut file = File::from(file);
    assert!(file.write_all(b"x").is_err() && file.set_len(0).is_err());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    let mut magic = [0; 4];
    file.read_exact(&mut magic).unwrap();
    assert_eq!(&magic, b"redb");
}
