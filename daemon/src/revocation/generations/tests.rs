use super::*;
use crate::revocation::{Home, PageFault};
use apikeyd_protocol::page::{HEADER_WORDS, LEASE};
use nix::fcntl::{FcntlArg, fcntl};
use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;

const HOME: Home = Home::new([7; 16], (1, 2));

fn begin(page: Page, number: u64) -> Generations {
    Generations::begin(page, number, Fresh { slot_key: [9; 16], instance: 3 })
}

fn in_file(path: &Path, number: u64) -> Generations {
    of(&HOME, path, number)
}

fn of(home: &Home, path: &Path, number: u64) -> Generations {
    begin(Page::File(PageFile::open(path, home).unwrap()), number)
}

fn waits(generations: &Generations) -> bool {
    generations.wait_out() > LEASE
}

/// A start that has waited long enough, and has ended.
fn settled(generations: Generations) {
    generations.page().settle();
    drop(generations);
}

fn read(generations: &Generations, key_id: KeyId) -> Freshness {
    generations.read(generations.as_of(), key_id)
}

fn key(id: u64) -> KeyId {
    KeyId::new(id).unwrap()
}

#[expect(clippy::host_endian_bytes, reason = "words of the page are the machine's own")]
fn word(file: &File, at: usize) -> u64 {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, u64::try_from(8 * at).unwrap()).unwrap();
    u64::from_ne_bytes(bytes)
}

#[test]
fn a_bump_changes_what_was_read_of_this_key_and_an_epoch_of_every_key() {
    let generations = begin(Page::Never, 1);
    let (a, b) = (key(1), key(2));
    let (of_a, of_b) = (read(&generations, a), read(&generations, b));
    generations.bump(a);
    assert_ne!(read(&generations, a), of_a);
    assert_eq!(read(&generations, b), of_b);
    generations.bump_epoch();
    assert_ne!(read(&generations, b), of_b);
    assert_eq!(read(&generations, b).instance, 3);
}

#[test]
fn keys_are_spread_over_all_places() {
    let generations = begin(Page::Never, 1);
    let mut keys_of = vec![0_u32; GENERATIONS];
    for id in 1..=200_000 {
        keys_of[generations.slot(key(id)) as usize] += 1;
    }
    let empty = keys_of.iter().filter(|keys| **keys == 0).count();
    // About three keys for each slot: e^-3 of the slots, 3,100, stay empty, and none gets more than 20.
    assert!((2_800..3_500).contains(&empty) && keys_of.iter().all(|keys| *keys < 20), "{empty}");
}

#[test]
fn the_next_start_goes_on_in_the_same_file_as_another_instance() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page");
    let first = in_file(&path, 1);
    let seen = read(&first, key(1));
    first.bump(key(1));
    let inode = fs::metadata(&path).unwrap().ino();
    drop(first);
    let second = in_file(&path, 2);
    assert_eq!(read(&second, key(1)).instance, seen.instance + 1);
    assert_eq!(read(&second, key(1)).generation, seen.generation + 1, "numbers never go back");
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    assert_eq!(second.wait_out(), Duration::ZERO);
}

#[test]
fn who_cannot_go_on_with_the_page_of_the_start_before_waits_for_its_lease() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page");
    assert_eq!(in_file(&path, 1).wait_out(), Duration::ZERO, "nothing came before the first start");
    assert_eq!(in_file(&path, 2).wait_out(), Duration::ZERO);
    let start_4 = in_file(&path, 4);
    assert!(waits(&start_4), "start 3 had another page");
    settled(start_4);
    assert!(!waits(&in_file(&path, 5)));
    fs::remove_file(&path).unwrap();
    assert!(waits(&in_file(&path, 6)), "the page is gone");
    assert!(waits(&begin(Page::Hidden, 7)), "no page could be made");
    assert!(!waits(&begin(Page::Never, 7)));
}

#[test]
fn a_start_that_was_killed_while_it_waited_leaves_the_wait_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page");
    drop(in_file(&path, 1));
    fs::remove_file(&path).unwrap();
    drop(in_file(&path, 2));
    let third = in_file(&path, 3);
    assert!(waits(&third), "start 2 had the page for a moment, and clients still trust that of start 1");
    settled(third);
    assert!(!waits(&in_file(&path, 4)));
}

#[test]
fn the_page_of_a_daemon_that_runs_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page");
    let first = in_file(&path, 1);
    let (before, inode) = (read(&first, key(1)), fs::metadata(&path).unwrap().ino());
    for home in [HOME, Home::new([7; 16], (1, 3))] {
        let fault = PageFile::open(&path, &home).unwrap_err();
        assert!(matches!(&fault, PageFault::InUse { .. }), "{fault}");
        assert!(fault.to_string().contains(path.to_str().unwrap()), "{fault}");
    }
    assert_eq!((read(&first, key(1)), fs::metadata(&path).unwrap().ino()), (before, inode));
    // Another mode does not make it anybody else's.
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(PageFile::open(&path, &HOME), Err(PageFault::InUse { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn the_page_of_another_store_is_replaced_and_its_own_later_start_waits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page");
    // Another store, and a copy of this one in another directory.
    for other in [Home::new([8; 16], (1, 2)), Home::new([7; 16], (1, 3))] {
        drop(fs::remove_file(&path));
        drop(in_file(&path, 1));
        let clients = File::open(&path).unwrap();
        let instance = word(&clients, 1);
        assert!(waits(&of(&other, &path, 2)));
        assert_eq!(word(&clients, 1), instance, "not written to");
        assert!(waits(&in_file(&path, 2)), "its page is gone");
    }
}

#[test]
fn a_copy_of_the_file_is_not_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("page"), dir.path().join("copy"));
    drop(in_file(&path, 1));
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    let copied = File::open(&path).unwrap();
    let instance = word(&copied, 1);
    assert!(waits(&in_file(&path, 2)));
    assert_eq!(word(&copied, 1), instance, "not written to");
}

#[test]
fn a_client_that_locks_its_descriptor_does_not_keep_the_next_daemon_from_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page");
    let generations = in_file(&path, 1);
    let client = File::from(generations.hand_over().unwrap().unwrap().file);
    let own = File::open(&path).unwrap();
    assert!(matches!(
        Lock::take(client.try_clone().unwrap()),
        Err(crate::revocation::file::NotLocked::Failed(_))
    ));
    drop(generations);
    // `flock`, and a read lock: all that a read-only descriptor can get.
    client.lock().unwrap();
    lock_for_reading(&client);
    let next = in_file(&path, 2);
    assert!(waits(&next), "it cannot be locked, so it is not gone on with");
    assert_ne!(fs::metadata(&path).unwrap().ino(), own.metadata().unwrap().ino(), "it is replaced");
    let third = PageFile::open(&path, &HOME);
    assert!(matches!(third, Err(PageFault::InUse { .. })), "the new one is locked");
}

#[test]
fn what_a_daemon_left_that_was_killed_while_it_made_its_page_goes() {
    let dir = tempfile::tempdir().unwrap();
    let (path, left) = (dir.path().join("page"), dir.path().join("page.new"));
    fs::write(&left, "half").unwrap();
    drop(in_file(&path, 1));
    symlink("nowhere", &left).unwrap();
    fs::remove_file(&path).unwrap();
    drop(in_file(&path, 2));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left lying about");
    // One that is still in use is left alone.
    fs::remove_file(&path).unwrap();
    let other = Lock::take(File::create(&left).unwrap()).unwrap();
    assert!(PageFile::open(&path, &HOME).is_err() && left.exists());
    drop(other);
    drop(in_file(&path, 3));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn daemons_that_open_one_page_at_once_never_share_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page");
    for _ in 0..10 {
        drop(fs::remove_file(&path));
        let held: Vec<_> = std::thread::scope(|scope| {
            let open = |number: u64| {
                let (path, home) = (&path, Home::new([7; 16], (1, number)));
                scope.spawn(move || PageFile::open(path, &home).ok())
            };
            let opening: Vec<_> = (0..4).map(open).collect();
            opening.into_iter().filter_map(|opening| opening.join().unwrap()).collect()
        });
        let mut inodes: Vec<_> = held.iter().map(|page| page.lock.file().metadata().unwrap().ino()).collect();
        inodes.sort_unstable();
        inodes.dedup();
        assert_eq!(inodes.len(), held.len(), "two daemons have one page");
        assert!(!held.is_empty(), "somebody has it");
    }
}

#[test]
fn a_page_further_down_the_list_is_ended_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("page");
    let first = in_file(&path, 1);
    let client = File::from(first.hand_over().unwrap().unwrap().file);
    drop(first);
    let instance = word(&client, 1);
    PageFile::retire(&path, &Home::new([8; 16], (1, 2))).unwrap();
    assert_eq!(word(&client, 1), instance, "another store's is left alone");
    PageFile::retire(&path, &HOME).unwrap();
    assert_eq!((word(&client, 1), word(&client, 3)), (instance + 1, 0));
    assert!(!path.exists());
    PageFile::retire(&path, &HOME).unwrap();
}

#[test]
fn the_name_has_the_stores_id_in_it() {
    let named = |place| HOME.name(Path::new(place));
    let id = "07070707070707070707070707070707";
    assert_eq!(named("/run/apikeyd/apikeyd.page"), Path::new(&format!("/run/apikeyd/apikeyd-{id}.page")));
    assert_eq!(named("/dev/shm/page"), Path::new(&format!("/dev/shm/page-{id}")));
}

#[test]
fn what_is_no_page_of_this_user_alone_is_replaced_and_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let (path, kept) = (dir.path().join("page"), dir.path().join("kept"));
    let whole = || {
        drop(fs::remove_file(&path));
        drop(in_file(&path, 1));
    };
    let spoilers: [(&str, &dyn Fn()); 6] = [
        ("short", &|| OpenOptions::new().write(true).open(&path).unwrap().set_len(4096).unwrap()),
        ("long", &|| OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 20).unwrap()),
        ("open to others", &|| fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap()),
        ("another layout", &|| {
            OpenOptions::new().write(true).open(&path).unwrap().write_all_at(b"akdpage9", 0).unwrap();
        }),
        ("two names", &|| fs::hard_link(&path, &kept).unwrap()),
        ("a link", &|| {
            fs::rename(&path, &kept).unwrap();
            symlink(&kept, &path).unwrap();
        }),
    ];
    for (what, spoil) in spoilers {
        whole();
        spoil();
        let before = File::open(&path).unwrap();
        let instance = word(&before, 1);
        let generations = in_file(&path, 2);
        let after = fs::symlink_metadata(&path).unwrap();
        assert_ne!(after.ino(), before.metadata().unwrap().ino(), "{what}");
        assert_eq!((after.len(), after.mode() & 0o7777), (u64::try_from(BYTES).unwrap(), 0o600), "{what}");
        assert_eq!(word(&before, 1), instance, "{what}");
        assert!(waits(&generations), "{what}");
        drop(fs::remove_file(&kept));
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left lying about");
}

#[test]
fn a_client_gets_a_descriptor_for_reading_alone_and_sees_each_bump_and_the_lease() {
    let dir = tempfile::tempdir().unwrap();
    let generations = in_file(&dir.path().join("page"), 1);
    let handed = generations.hand_over().unwrap().unwrap();
    let file = File::from(handed.file);
    assert_eq!(file.metadata().unwrap().len(), handed.bytes);
    assert!(file.write_at(b"x", 0).is_err() && file.set_len(1).is_err());
    assert!(word(&file, 3) > handed.monotonic_ns, "leased from the start");
    let slot = generations.slot(key(5)) as usize;
    let before = word(&file, HEADER_WORDS + slot);
    generations.bump(key(5));
    assert_eq!(word(&file, HEADER_WORDS + slot), before + 1);
    generations.end();
    assert_eq!(word(&file, 3), 0);
    assert!(generations.hand_over().unwrap().is_none(), "after the end nobody gets it");
}

#[test]
fn nobody_gets_a_page_that_is_in_no_file() {
    assert!(begin(Page::Hidden, 2).hand_over().unwrap().is_none());
}

/// The lock that a client could take.
fn lock_for_reading(file: &File) {
    let (l_type, l_whence) = (libc::F_RDLCK.try_into().unwrap(), libc::SEEK_SET.try_into().unwrap());
    let whole = libc::flock { l_type, l_whence, l_start: 0, l_len: 0, l_pid: 0 };
    fcntl(file, FcntlArg::F_OFD_SETLK(&whole)).unwrap();
}
