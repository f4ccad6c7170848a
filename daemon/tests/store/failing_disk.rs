//! A disk that fails: what was acknowledged stands, reads go on, changes come back with the disk.

use crate::house::{House, START, directory, parts};
use apikeyd::operations::ErrorKind;
use apikeyd::operations::{Disk, OpenError, Service, Settings, StorageBackend};
use apikeyd::parts::Clock;
use apikeyd_keystore::domain::Sources;
use apikeyd_kit::small_disk::SmallDisk;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::message::StoreState;
use apikeyd_protocol::term::{Actor, SaveMode};
use redb::backends::FileBackend;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Writes that are still let through; negative lets all through.
#[derive(Debug, Default)]
struct Faults {
    writes_left: AtomicI64,
    armed: AtomicBool,
    reads_fail: AtomicBool,
}

impl Faults {
    fn arm(&self, writes_left: i64) {
        self.writes_left.store(writes_left, Ordering::SeqCst);
        self.armed.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.armed.store(false, Ordering::SeqCst);
        self.reads_fail.store(false, Ordering::SeqCst);
    }

    fn write(&self) -> io::Result<()> {
        let failing =
            self.armed.load(Ordering::SeqCst) && self.writes_left.fetch_sub(1, Ordering::SeqCst) <= 0;
        if failing { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[derive(Debug)]
struct FaultyFile(FileBackend, Arc<Faults>);

impl StorageBackend for FaultyFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match self.1.reads_fail.load(Ordering::SeqCst) {
            true => Err(io::Error::other("the disk does not read")),
            false => self.0.read(offset, out),
        }
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.1.write()?;
        self.0.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.1.write()?;
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.1.write()?;
        self.0.write(offset, data)
    }
}

#[derive(Debug)]
struct FaultyDisk {
    path: PathBuf,
    faults: Arc<Faults>,
}

impl FaultyDisk {
    fn open(&self) -> FileBackend {
        FileBackend::new(File::options().read(true).write(true).open(&self.path).unwrap()).unwrap()
    }
}

impl Disk for FaultyDisk {
    fn path(&self) -> &Path {
        &self.path
    }
    fn attach(&self) -> Result<Box<dyn StorageBackend>, OpenError> {
        Ok(Box::new(FaultyFile(self.open(), Arc::clone(&self.faults))))
    }
    fn attach_reader(&self) -> Result<Box<dyn StorageBackend>, OpenError> {
        Ok(Box::new(self.open()))
    }
    fn probe(&self) -> io::Result<()> {
        self.faults.write()
    }
    fn forget_cached(&self) {}
    fn scratch(&self) -> io::Result<File> {
        self.faults.write()?;
        tempfile::tempfile()
    }
}

fn house() -> (House, Arc<Faults>) {
    let (dir, faults) = (directory(), Arc::new(Faults::default()));
    let disk = FaultyDisk { path: dir.path().join("apikeyd.redb"), faults: Arc::clone(&faults) };
    let clock = Clock::manual(START);
    let file = File::create_new(&disk.path).unwrap();
    Service::create_on(Box::new(FileBackend::new(file).unwrap()), &[1; 32], &parts(&clock)).unwrap();
    let settings = Settings::in_dir(dir.path());
    let service =
        Service::open_on(Arc::new(disk), &[1; 32], settings.clone(), PolicyTable::shipped(), parts(&clock));
    (House::around(dir, settings, clock, service.unwrap()), faults)
}

#[test]
fn a_full_disk_refuses_changes_and_goes_on_validating() {
    let (house, faults) = house();
    let (hot, cold, draft) = (house.generate("a"), house.generate("b"), house.generate("c"));
    house.save(&hot, SaveMode::Add).unwrap();
    house.save(&cold, SaveMode::Add).unwrap();
    assert_eq!(house.verdict(&hot), "valid a");

    faults.arm(0);
    let failed = house.save(&draft, SaveMode::Add).unwrap_err();
    assert_eq!(failed.kind, ErrorKind::StorageUnavailable, "{failed:?}");
    assert_eq!(house.condition().store, StoreState::ReadOnly);
    assert_eq!(house.verdict(&hot), "valid a");
    assert_eq!(house.verdict(&cold), "valid b");
    assert_eq!(house.verdict(&draft), "refused NotSaved");
    assert_eq!(house.record(cold.id()).user.as_str(), "b");
    assert_eq!(house.delete(hot.id()).unwrap_err().kind, ErrorKind::StorageUnavailable);
    assert_eq!(house.verdict(&hot), "valid a", "nothing was done");
    house.maintain();
    assert_eq!(house.condition().store, StoreState::ReadOnly, "the disk is still full");

    faults.mend();
    house.maintain();
    assert_eq!(house.condition().store, StoreState::Ready);
    house.save(&draft, SaveMode::Add).unwrap();
    house.delete(hot.id()).unwrap();
    assert_eq!(house.verdict(&hot), "refused Revoked(Deleted)");
    assert_eq!(house.report().fault, None);
}

#[test]
fn whichever_write_fails_what_was_acknowledged_stands_and_the_rest_is_whole_or_not_there() {
    let mut failed = 0;
    for writes_left in 0..40 {
        let (house, faults) = house();
        let (old, new) = (house.generate("a"), house.generate("b"));
        house.save(&old, SaveMode::Add).unwrap();
        house.save(&new, SaveMode::Add).unwrap();
        let newer = house.generate("b");
        assert_eq!(
            house.verdict(&new),
            "valid b",
            "remembered: a replacement that got through must show all the same"
        );
        faults.arm(writes_left);
        let replaced = house.save(&newer, SaveMode::Replace);
        let after = [house.verdict(&new), house.verdict(&newer)];
        let done = ["refused Revoked(Replaced)", "valid b"];
        let undone = ["valid b", "refused NotSaved"];
        match &replaced {
            Ok(_) => assert_eq!(after, done),
            Err(error) => {
                failed += 1;
                assert_eq!(error.kind, ErrorKind::StorageUnavailable);
                assert!(after == done || after == undone, "{after:?}");
            }
        }
        assert_eq!(house.verdict(&old), "valid a");
        faults.mend();
        house.maintain();
        // A caller repeats what failed: the answer is the same whether or not the first try got through.
        let saved = house.save(&newer, SaveMode::Replace).unwrap();
        assert_eq!(saved.replaced, Some(new.id()));
        assert_eq!([house.verdict(&new), house.verdict(&newer)], done);
        let report = house.report();
        assert_eq!((report.fault, report.rows), (None, 4));
    }
    assert!(failed >= 5, "the faults hit {failed} times");
}

#[test]
fn a_disk_that_does_not_read_is_left_for_one_that_does() {
    let (house, faults) = house();
    let keys: Vec<_> = (0..50).map(|user| house.generate(&format!("user-{user}"))).collect();
    keys.iter().for_each(|key| drop(house.save(key, SaveMode::Add).unwrap()));
    // A fresh handle with nothing in its cache, so that reads reach the disk.
    faults.arm(0);
    house.save(&house.generate("x"), SaveMode::Add).unwrap_err();
    faults.mend();
    house.maintain();
    faults.reads_fail.store(true, Ordering::SeqCst);
    for (user, key) in keys.iter().enumerate() {
        assert_eq!(house.verdict(key), format!("valid user-{user}"));
    }
    faults.mend();
    house.maintain();
    assert_eq!(house.condition().store, StoreState::Ready);
    house.save(&house.generate("x"), SaveMode::Add).unwrap();
}

#[test]
fn an_older_file_put_in_place_while_the_disk_failed_is_not_taken_for_the_store() {
    let (house, faults) = house();
    let path = house.database();
    let older = std::fs::read(&path).unwrap();
    let key = house.issue("a");
    house.delete(key.id()).unwrap();
    faults.arm(0);
    house.save(&house.generate("b"), SaveMode::Add).unwrap_err();
    std::fs::write(&path, older).unwrap();
    faults.mend();
    house.maintain();
    assert_eq!(house.condition().store, StoreState::ReadOnly);
    assert_ne!(house.verdict_or_error(&key), "valid a");
}

#[test]
fn a_disk_that_is_full_at_the_start_is_named() {
    let (mut house, faults) = house();
    house.stop();
    faults.arm(0);
    let disk = FaultyDisk { path: house.database(), faults: Arc::clone(&faults) };
    let open = |disk| {
        let settings = Settings::in_dir(house.dir.path());
        Service::open_on(Arc::new(disk), &[1; 32], settings, PolicyTable::shipped(), parts(&house.clock))
    };
    let error = open(disk).unwrap_err();
    assert!(matches!(error, OpenError::DiskFull { .. }), "{error:?}");
    faults.mend();
    let disk = FaultyDisk { path: house.database(), faults };
    assert_eq!(open(disk).unwrap().audit_head().revision, 1);
}

#[test]
fn a_file_system_that_is_really_full_heals_when_there_is_room_again() {
    let place = directory();
    let Some(disk) = SmallDisk::mount(place.path()) else { return };
    let dir = disk.path().to_owned();
    let house = House::with(|_| Settings::in_dir(&dir));
    let key = house.issue("a");
    let filler = dir.join("filler");
    let full = std::fs::write(&filler, vec![1; 16 * 1024 * 1024]).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);

    // The database has some room in its file; it must grow at some time.
    let mut saved = vec![key];
    let refused = loop {
        let key = house.generate(&format!("user-{}", saved.len()));
        match house.save(&key, SaveMode::Add) {
            Ok(_) => saved.push(key),
            Err(error) => break error,
        }
        assert!(saved.len() < 100_000, "the disk never fills");
    };
    assert_eq!(refused.kind, ErrorKind::StorageUnavailable);
    house.maintain();
    assert_eq!(house.condition().store, StoreState::ReadOnly);
    assert!(saved.iter().all(|key| house.verdict(key).starts_with("valid")));

    std::fs::remove_file(filler).unwrap();
    house.maintain();
    assert_eq!(house.condition().store, StoreState::Ready);
    house.issue("later");
    assert_eq!((house.report().fault, house.report().rows), (None, saved.len() as u64 + 2));
    assert!(saved.iter().all(|key| house.verdict(key).starts_with("valid")));
}

#[test]
fn a_policy_whose_commit_was_in_doubt_is_put_in_force_by_the_next_attempt() {
    for operations in 0..40 {
        let (house, faults) = house();
        let table = || PolicyTable::parse("default = \"deny\"\n").unwrap();
        faults.arm(operations);
        let _in_doubt = house.run(house.service().load_policy(Actor::Daemon, table(), &Sources::default()));
        faults.mend();
        house.maintain();
        house.run(house.service().load_policy(Actor::Daemon, table(), &Sources::default())).unwrap();
        assert_eq!(house.condition().policy_rows, 0, "after {operations} operations of the disk");
    }
}
