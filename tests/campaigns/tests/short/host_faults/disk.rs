//! Disks that are full, limited, sealed or read-only.

use super::{Before, binary};
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use apikeyd_kit::small_disk::{SmallDisk, ran};
use apikeyd_tests::filling::issue;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

fn small_disk(scratch: &Scratch) -> Option<SmallDisk> {
    let place = scratch.path("disk");
    std::fs::create_dir(&place).unwrap();
    SmallDisk::mount(&place)
}

#[test]
fn a_full_disk_refuses_changes_until_there_is_room() {
    let scratch = Scratch::new(binary());
    let Some(disk) = small_disk(&scratch) else { return };
    let daemon = Start::new(&scratch).state_dir(disk.path().to_owned()).ready();
    let before = Before::the_fault(daemon.socket());
    let filler = disk.path().join("filler");
    let full = std::fs::write(&filler, vec![1; 16 * 1024 * 1024]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    before.save_until_refused();
    before.assert_changes_are_refused();
    std::fs::remove_file(filler).unwrap();
    before.assert_heals();
}

#[test]
fn a_backup_that_finds_no_room_fails_alone() {
    let scratch = Scratch::new(binary());
    let Some(disk) = small_disk(&scratch) else { return };
    let daemon = Start::new(&scratch).state_dir(disk.path().to_owned()).ready();
    let before = Before::the_fault(daemon.socket());
    (0..600).for_each(|number| drop(issue(&before.client, &format!("one of many {number}"))));
    let filler = disk.path().join("filler");
    std::fs::write(&filler, vec![1; 16 * 1024 * 1024]).unwrap_err();
    // Room for the row that a backup writes into the database, whose file has holes, and not for a copy of it all.
    let full = std::fs::metadata(&filler).unwrap().len();
    File::options().write(true).open(&filler).unwrap().set_len(full - 128 * 1024).unwrap();
    for _ in 0..3 {
        before.assert_backup_fails_alone();
    }
    std::fs::remove_file(filler).unwrap();
    before.client.backup().expect("room for a backup");
    before.assert_heals();
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_not_the_end() {
    let scratch = Scratch::new(binary());
    let mut daemon = Daemon::start(&scratch);
    let before = Before::the_fault(daemon.socket());
    let pid = i32::try_from(daemon.pid()).ok().and_then(Pid::from_raw);
    let unlimited = prlimit(pid, Resource::Fsize, Rlimit { current: Some(0), maximum: None }).unwrap();
    // Not even its log can be written now, which is a file, too: the daemon goes on all the same.
    before.save_until_refused();
    before.assert_changes_are_refused();
    prlimit(pid, Resource::Fsize, unlimited).unwrap();
    before.assert_heals();
    assert!(daemon.log().contains("storage"), "{}", daemon.log());
    daemon.signal(rustix::process::Signal::TERM);
    assert!(daemon.wait().success(), "{}", daemon.log());
}

/// A file that turned immutable fails writes to descriptors that are open, as a file system does that turned
/// read-only after an error.
#[test]
fn a_file_that_turns_read_only_refuses_changes_until_it_can_be_written_again() {
    let scratch = Scratch::new(binary());
    let daemon = Daemon::start(&scratch);
    let before = Before::the_fault(daemon.socket());
    let seal = |how: &str, path: &Path| ran(Command::new("chattr").arg(how).arg(path));
    let (database, directory) = (scratch.state().join("apikeyd.redb"), scratch.state());
    if !seal("+i", &database) {
        eprintln!("skipped: files cannot be made immutable here");
        return;
    }
    let sealed = Sealed(vec![database.clone(), directory.clone()]);
    assert!(seal("+i", &directory));
    before.save_until_refused();
    before.assert_changes_are_refused();
    drop(sealed);
    before.assert_heals();
}

/// Makes its files writable again, also when the test fails: nobody could remove them otherwise.
struct Sealed(Vec<PathBuf>);

impl Drop for Sealed {
    fn drop(&mut self) {
        self.0.iter().for_each(|path| {
            Command::new("chattr").arg("-i").arg(path).status().unwrap();
        });
    }
}

#[test]
fn a_file_system_that_is_read_only_at_the_start_is_named_and_harmed_in_nothing() {
    let scratch = Scratch::new(binary());
    let Some(disk) = small_disk(&scratch) else { return };
    let start = || Start::new(&scratch).state_dir(disk.path().to_owned());
    let daemon = start().ready();
    let before = Before::the_fault(daemon.socket());
    assert!(daemon.stop().success());
    assert!(disk.remount("ro"));
    let (status, log) = start().fails();
    assert_eq!(status.code(), Some(74), "{log}");
    assert!(log.contains("read-only"), "{log}");
    assert!(disk.remount("rw"));
    let _daemon = start().ready();
    before.assert_heals();
}
