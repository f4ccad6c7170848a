//! Every way in which a store cannot be opened has its name, and leaves everything as it was.

use crate::house::{House, START, directory};
use apikeyd::operations::{OpenError, OpenErrorClass, PepperSource, Service, Settings};
use apikeyd::parts::{Clock, Parts};
use apikeyd_policy::PolicyTable;
use redb::{Database, TableDefinition};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

fn try_open(settings: Settings) -> Result<Arc<Service>, OpenError> {
    Service::open(settings, PolicyTable::shipped(), Parts::system().with_clock(Clock::manual(START)))
}

/// A store that was used and stopped.
fn stopped() -> House {
    let mut house = House::new();
    house.issue("a");
    house.stop();
    house
}

/// Spoils a stopped store, and gives what opening it says. Nothing may have changed by that.
fn spoiled(spoil: impl FnOnce(&Path, &Path)) -> OpenError {
    let mut house = stopped();
    spoil(house.dir.path(), &house.database());
    let before = contents(house.dir.path());
    let error = house.start().unwrap_err();
    assert_eq!(contents(house.dir.path()), before, "{error}");
    assert!(error.to_string().contains(": "), "says what to do: {error}");
    error
}

/// Names and hashes of all files but the revocation page, which is the daemon's to write at any time.
fn contents(dir: &Path) -> Vec<(String, Option<blake3::Hash>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let mut all: Vec<_> = entries
        .map(|entry| {
            let plain = entry.file_type().unwrap().is_file();
            let hash = plain.then(|| blake3::hash(&fs::read(entry.path()).unwrap()));
            (entry.file_name().into_string().unwrap(), hash)
        })
        .filter(|(name, _)| !name.ends_with(".page"))
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

fn names(dir: &Path) -> Vec<String> {
    contents(dir).into_iter().map(|(name, _)| name).collect()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn edit_meta(database: &Path, name: &str, value: Option<&[u8]>) {
    let database = Database::open(database).unwrap();
    let txn = database.begin_write().unwrap();
    {
        let mut meta = txn.open_table(META).unwrap();
        match value {
            Some(value) => drop(meta.insert(name, value).unwrap()),
            None => drop(meta.remove(name).unwrap()),
        }
    }
    txn.commit().unwrap();
}

macro_rules! assert_error {
    ($error:expr, $pattern:pat, $class:ident) => {{
        let error = $error;
        assert!(matches!(error, $pattern), "{error:?}");
        assert_eq!(error.class(), OpenErrorClass::$class);
    }};
}

#[test]
fn a_missing_file_is_never_a_first_start() {
    assert_error!(
        spoiled(|_, database| fs::remove_file(database).unwrap()),
        OpenError::DatabaseMissing { .. },
        Data
    );
    assert_error!(
        spoiled(|dir, _| fs::remove_file(dir.join("pepper")).unwrap()),
        OpenError::PepperMissing { .. },
        Data
    );
}

#[test]
fn what_is_not_a_pepper_is_told() {
    let pepper =
        |bytes: usize| move |dir: &Path, _: &Path| fs::write(dir.join("pepper"), vec![1; bytes]).unwrap();
    assert_error!(spoiled(pepper(0)), OpenError::PepperLength { bytes: 0, .. }, Data);
    assert_error!(spoiled(pepper(31)), OpenError::PepperLength { bytes: 31, .. }, Data);
    assert_error!(spoiled(pepper(1000)), OpenError::PepperLength { bytes: 33, .. }, Data);
    assert_error!(
        spoiled(|dir, _| chmod(&dir.join("pepper"), 0o640)),
        OpenError::ModeTooOpen { mode: 0o640, .. },
        Permission
    );
}

#[test]
fn a_wrong_pepper_spoils_nothing() {
    let mut house = stopped();
    let path = house.dir.path().join("pepper");
    let right = fs::read(&path).unwrap();
    fs::write(&path, [1; 32]).unwrap();
    assert_error!(house.start().unwrap_err(), OpenError::WrongPepper { .. }, Data);
    fs::write(&path, right).unwrap();
    house.start().unwrap();
    assert_eq!((house.revision(), house.report().fault), (2, None));
}

#[test]
fn what_is_not_a_plain_file_is_not_followed_and_not_waited_for() {
    for name in ["pepper", "apikeyd.redb"] {
        let moved = |dir: &Path| {
            fs::rename(dir.join(name), dir.join("elsewhere")).unwrap();
            dir.join(name)
        };
        let link = spoiled(|dir, _| symlink(dir.join("elsewhere"), moved(dir)).unwrap());
        assert_error!(link, OpenError::NotAFile { is: "a symbolic link", .. }, Data);
        let directory = spoiled(|dir, _| fs::create_dir(moved(dir)).unwrap());
        assert_error!(directory, OpenError::NotAFile { is: "a directory", .. }, Data);
        let pipe = spoiled(|dir, _| {
            assert!(Command::new("mkfifo").arg(moved(dir)).status().unwrap().success());
        });
        assert_error!(pipe, OpenError::NotAFile { is: "a pipe", .. }, Data);
    }
    let dangling = spoiled(|dir, database| {
        fs::remove_file(database).unwrap();
        symlink(dir.join("nowhere"), database).unwrap();
    });
    assert_error!(dangling, OpenError::NotAFile { .. }, Data);
}

#[test]
fn a_database_that_is_not_ours_is_left_alone() {
    let replaced = |bytes: &'static [u8]| spoiled(move |_, database| fs::write(database, bytes).unwrap());
    assert_error!(replaced(b""), OpenError::DatabaseEmpty { .. }, Data);
    assert_error!(replaced(b"just a text, and not a short one"), OpenError::NotADatabase { .. }, Data);
    assert_error!(replaced(&[0; 4096]), OpenError::NotADatabase { .. }, Data);
    assert_error!(replaced(b"redb\x1A\x0A\xA9\x0D\x0A"), OpenError::Damaged { .. }, Data);

    let foreign = try_open_after(|database| {
        fs::remove_file(database).unwrap();
        let foreign = Database::create(database).unwrap();
        chmod(database, 0o600);
        let txn = foreign.begin_write().unwrap();
        txn.open_table(TableDefinition::<u64, u64>::new("theirs")).unwrap();
        txn.commit().unwrap();
    });
    assert_error!(foreign, OpenError::NotOurs { .. }, Data);
    let same_name = try_open_after(|database| edit_meta(database, "schema", None));
    assert_error!(same_name, OpenError::NotOurs { .. }, Data);
}

/// As [`spoiled`], where redb may write to a database that is whole: its own recovery flag.
fn try_open_after(spoil: impl FnOnce(&Path)) -> OpenError {
    let mut house = stopped();
    spoil(&house.database());
    house.start().unwrap_err()
}

#[test]
fn a_newer_schema_and_another_store_are_named() {
    let newer = try_open_after(|database| edit_meta(database, "schema", Some(&2_u32.to_le_bytes())));
    assert_error!(newer, OpenError::NewerSchema { found: 2, known: 1, .. }, Data);
    let other = try_open_after(|database| edit_meta(database, "store-id", Some(&[7; 16])));
    assert_error!(other, OpenError::OtherStore { .. }, Data);
}

#[test]
fn a_cut_database_is_damaged_and_so_is_one_with_a_flipped_bit() {
    let length = |database: &Path| fs::metadata(database).unwrap().len();
    for per_mille in [900, 500, 100, 1] {
        let error = spoiled(|_, database| {
            let keep = length(database) * per_mille / 1000;
            File::options().write(true).open(database).unwrap().set_len(keep).unwrap();
        });
        assert_error!(error, OpenError::Damaged { .. }, Data);
    }
    // Wherever a bit is flipped: the store opens as it was, or says that it is damaged. It never panics.
    let house = stopped();
    let whole = fs::read(house.database()).unwrap();
    let mut damaged = 0;
    for at in (0..whole.len()).step_by(whole.len() / 150) {
        let other = directory();
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(other.path().join("apikeyd.redb"), bytes).unwrap();
        fs::copy(house.dir.path().join("pepper"), other.path().join("pepper")).unwrap();
        chmod(&other.path().join("apikeyd.redb"), 0o600);
        match try_open(Settings::in_dir(other.path())) {
            Ok(service) => assert_eq!(service.audit_head().revision, 2),
            Err(error) => {
                damaged += 1;
                assert_eq!(error.class(), OpenErrorClass::Data, "{at}: {error}");
            }
        }
    }
    assert!(damaged > 3, "{damaged}");
}

#[test]
fn files_and_directories_of_others_are_refused() {
    assert_error!(
        spoiled(|_, database| chmod(database, 0o644)),
        OpenError::ModeTooOpen { mode: 0o644, .. },
        Permission
    );
    assert_error!(spoiled(|_, database| chmod(database, 0o400)), OpenError::ReadOnly { .. }, Io);
    assert_error!(
        spoiled(|dir, _| chmod(dir, 0o777)),
        OpenError::StateDirTooOpen { mode: 0o777, .. },
        Permission
    );
    if rustix::process::geteuid().is_root() {
        for name in ["pepper", "apikeyd.redb"] {
            let foreign = spoiled(|dir, _| {
                std::os::unix::fs::chown(dir.join(name), Some(12_345), None).unwrap();
            });
            assert_error!(foreign, OpenError::ForeignOwner { owner: 12_345, .. }, Permission);
        }
    }
}

#[test]
fn the_state_directory_must_be_there() {
    let dir = directory();
    let missing = try_open(Settings::in_dir(dir.path().join("missing"))).unwrap_err();
    assert_error!(missing, OpenError::StateDirMissing { .. }, Config);
    fs::write(dir.path().join("file"), "").unwrap();
    let file = try_open(Settings::in_dir(dir.path().join("file"))).unwrap_err();
    assert_error!(file, OpenError::StateDirNotDirectory { .. }, Config);
}

#[test]
fn a_second_daemon_is_turned_away_and_a_later_one_is_not() {
    let mut house = House::new();
    let second = try_open(Settings::in_dir(house.dir.path())).unwrap_err();
    assert_error!(second, OpenError::InUse { .. }, Unavailable);
    house.restart();
}

#[test]
fn a_database_that_another_program_has_open_is_in_use() {
    let mut house = stopped();
    let other = Database::open(house.database()).unwrap();
    assert_error!(house.start().unwrap_err(), OpenError::InUse { .. }, Unavailable);
    drop(other);
    house.start().unwrap();
}

#[test]
fn everything_is_private_under_any_umask() {
    for umask in ["000", "022", "777"] {
        let dir = directory();
        // A process of its own: the umask is the whole process's.
        let this = std::env::current_exe().unwrap();
        let script = format!("umask {umask} && exec \"$0\" --exact opening::child_makes_a_store --ignored");
        let mut child = Command::new("sh");
        child.arg("-c").arg(script).arg(this).env("STORE_DIR", dir.path());
        assert!(child.output().unwrap().status.success());
        for name in names(dir.path()) {
            let mode = fs::metadata(dir.path().join(&name)).unwrap().mode();
            assert_eq!(mode & 0o7777, 0o600, "{name} under {umask}");
        }
        assert_eq!(names(dir.path()), ["apikeyd.redb", "pepper", "store-id"]);
    }
}

#[test]
#[ignore = "run by everything_is_private_under_any_umask in a process of its own"]
fn child_makes_a_store() {
    try_open(Settings::in_dir(std::env::var_os("STORE_DIR").unwrap())).unwrap();
}

#[test]
fn a_first_start_may_be_cut_short_anywhere() {
    let whole = stopped();
    let (pepper, database) = (whole.dir.path().join("pepper"), whole.database());
    // What lies there at each point of the first start, in its order.
    let points: [&[(&Path, &str)]; 4] = [
        &[(&pepper, "pepper.new")],
        &[(&pepper, "pepper.new"), (&database, "apikeyd.redb.new")],
        &[(&pepper, "pepper"), (&database, "apikeyd.redb.new")],
        &[(&pepper, "pepper"), (&database, "apikeyd.redb")],
    ];
    for (point, files) in points.iter().enumerate() {
        let dir = directory();
        for (from, to) in *files {
            fs::copy(from, dir.path().join(to)).unwrap();
        }
        let service = try_open(Settings::in_dir(dir.path())).unwrap();
        let kept = if point < 2 { 1 } else { 2 };
        assert_eq!(service.audit_head().revision, kept, "after point {point}");
        assert_eq!(names(dir.path()), ["apikeyd.redb", "pepper", "store-id"], "after point {point}");
    }
}

#[test]
fn a_pepper_from_outside_makes_a_store_once() {
    let (dir, credentials) = (directory(), directory());
    let pepper = credentials.path().join("pepper");
    let settings =
        || Settings { pepper: PepperSource::Credential(pepper.clone()), ..Settings::in_dir(dir.path()) };
    assert_error!(try_open(settings()).unwrap_err(), OpenError::PepperMissing { .. }, Data);
    fs::write(&pepper, [9; 32]).unwrap();
    chmod(&pepper, 0o444);
    assert_error!(try_open(settings()).unwrap_err(), OpenError::ModeTooOpen { .. }, Permission);
    chmod(&pepper, 0o440);
    drop(try_open(settings()).unwrap());
    assert!(!dir.path().join("pepper").exists());
    drop(try_open(settings()).unwrap());
    fs::remove_file(dir.path().join("apikeyd.redb")).unwrap();
    assert_error!(try_open(settings()).unwrap_err(), OpenError::DatabaseMissing { .. }, Data);
}
