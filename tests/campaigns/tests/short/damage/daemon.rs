//! What the daemon's process does with a spoiled file: it ends with a code that systemd knows and says what to do.

use apikeyd_kit::daemon::Start;
use apikeyd_kit::scratch::Scratch;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// What is done to the file, and the exit code that follows; 0 is a start.
type Case = (&'static str, fn(&Path), i32);

const CASES: [Case; 11] = [
    ("missing", |file| fs::remove_file(file).unwrap(), 65),
    ("empty", |file| fs::write(file, b"").unwrap(), 65),
    ("a text", |file| fs::write(file, b"keys of our users, do not delete\n").unwrap(), 65),
    ("zeros", |file| fs::write(file, [0; 4096]).unwrap(), 65),
    ("the magic number alone", |file| cut(file, |_| 9), 65),
    ("cut in half", |file| cut(file, |length| length / 2), 65),
    ("a sector of the header zeroed", |file| overwrite(file, 0, &[0; 512]), 65),
    ("readable to all", |file| chmod(file, 0o644), 77),
    ("read-only", |file| chmod(file, 0o400), 74),
    ("a link", |file| fs::remove_file(file).and_then(|()| symlink("/etc/passwd", file)).unwrap(), 65),
    ("/dev/null", |file| fs::remove_file(file).and_then(|()| symlink("/dev/null", file)).unwrap(), 65),
];

#[test]
fn a_daemon_on_a_spoiled_file_ends_with_its_code_and_says_what_to_do() {
    let scratch = Scratch::new(Path::new(env!("CARGO_BIN_EXE_campaigns")));
    assert!(Start::new(&scratch).ready().stop().success());
    let file = scratch.state().join("apikeyd.redb");
    let whole = fs::read(&file).unwrap();
    for (name, spoil, code) in CASES {
        spoil(&file);
        let (status, log) = Start::new(&scratch).fails();
        let last = log.lines().last().unwrap_or_default().to_owned();
        assert_eq!(status.code(), Some(code), "{name}: {last}");
        assert!(!log.contains("panicked"), "{name}: {log}");
        assert!(
            last.contains("apikeyd.redb") && last.contains(": "),
            "{name} is told, and what to do: {last}"
        );
        let _gone = fs::remove_file(&file);
        fs::write(&file, &whole).unwrap();
        chmod(&file, 0o600);
    }
    assert!(Start::new(&scratch).ready().stop().success(), "the whole file works");
}

fn chmod(file: &Path, mode: u32) {
    fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

fn cut(file: &Path, keep: impl FnOnce(u64) -> u64) {
    let length = fs::metadata(file).unwrap().len();
    fs::File::options().write(true).open(file).unwrap().set_len(keep(length)).unwrap();
}

fn overwrite(file: &Path, at: usize, with: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
    fs::write(file, bytes).unwrap();
}
