//! Everything that can exist at the path, and who can connect when.

use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use tempfile::TempDir;

fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn bind(socket: &Socket) -> Result<(OwnedFd, BoundName), BindError> {
    super::bind(socket, &Randomness::system())
}

fn at(path: &Path) -> Socket {
    Socket { path: path.to_owned(), mode: 0o666, make_directory: false }
}

fn names(dir: &TempDir) -> Vec<OsString> {
    let mut names: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn the_mode_is_the_configured_one_whatever_the_umask() {
    let dir = dir();
    for mode in [0o600, 0o660, 0o666, 0o777] {
        let path = dir.path().join(format!("s{mode:o}"));
        // The umask is that of the whole process; this one does not affect tests that run at the same time.
        let before = rustix::process::umask(Mode::from_raw_mode(0o077));
        let bound = bind(&Socket { mode, ..at(&path) });
        rustix::process::umask(before);
        let (_fd, name) = bound.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
        UnixStream::connect(&path).unwrap();
        name.remove();
    }
    assert_eq!(names(&dir), [""; 0], "no private name is left over");
}

#[test]
fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
    let dir = dir();
    let path = dir.path().join("apikeyd.sock");
    drop(UnixListener::bind(&path).unwrap());
    let (first, name) = bind(&at(&path)).unwrap();
    UnixStream::connect(&path).unwrap();
    assert!(matches!(bind(&at(&path)), Err(BindError::InUse(_))));
    UnixStream::connect(&path).unwrap();
    drop(first);
    let (_second, second_name) = bind(&at(&path)).unwrap();
    name.remove();
    assert!(path.exists(), "the name is the second daemon's now");
    second_name.remove();
    assert_eq!(names(&dir), [""; 0]);
}

#[test]
fn a_live_socket_whose_queue_is_full_is_live() {
    let dir = dir();
    let path = dir.path().join("s");
    let busy = new_socket().unwrap();
    rustix::net::bind(&busy, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    rustix::net::listen(&busy, 0).unwrap();
    let _waiting = UnixStream::connect(&path).unwrap();
    assert!(matches!(bind(&at(&path)), Err(BindError::InUse(_))));
}

#[test]
fn what_is_not_a_dead_socket_is_left_alone() {
    let dir = dir();
    let file = dir.path().join("file");
    fs::write(&file, "precious").unwrap();
    assert!(matches!(bind(&at(&file)), Err(BindError::NotASocket(_))));
    assert_eq!(fs::read(&file).unwrap(), b"precious");

    let link = dir.path().join("link");
    for target in [dir.path().join("nowhere"), file.clone()] {
        symlink(&target, &link).unwrap();
        assert!(matches!(bind(&at(&link)), Err(BindError::Symlink(_))));
        assert_eq!(fs::read_link(&link).unwrap(), target);
        fs::remove_file(&link).unwrap();
    }
    let below = dir.path().join("dir");
    fs::create_dir(&below).unwrap();
    assert!(matches!(bind(&at(&below)), Err(BindError::NotASocket(_))));
    assert!(matches!(bind(&at(&file.join("s"))), Err(BindError::DirectoryIsNone(_))));
    assert!(matches!(bind(&at(&dir.path().join("no/s"))), Err(BindError::DirectoryMissing(_))));
    assert!(matches!(bind(&at(Path::new("/"))), Err(BindError::NoName(_))));
    assert!(matches!(bind(&at(&dir.path().join("@abstract"))), Err(BindError::Abstract(_))));
    assert_eq!(names(&dir), ["dir", "file"]);
}

#[test]
fn a_path_is_as_long_as_the_kernel_takes_and_no_longer() {
    let dir = dir();
    let fill = MAX_SOCKET_PATH_BYTES - dir.path().as_os_str().len() - 1;
    let longest = dir.path().join("x".repeat(fill));
    let (_fd, name) = bind(&at(&longest)).unwrap();
    UnixStream::connect(&longest).unwrap();
    name.remove();
    let said = bind(&at(&dir.path().join("x".repeat(fill + 1)))).unwrap_err().to_string();
    assert!(said.contains("108 bytes of at most 107"), "{said}");
    let deep = dir.path().join("d".repeat(fill - 2));
    fs::create_dir(&deep).unwrap();
    assert!(matches!(bind(&at(&deep.join("s"))), Err(BindError::TooLong { bytes: 115, .. })));
}

#[test]
fn a_directory_that_others_rule_is_refused() {
    let dir = dir();
    let path = dir.path().join("s");
    let set = |mode| fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
    for mode in [0o777, 0o757, 0o775] {
        set(mode);
        let said = bind(&at(&path)).unwrap_err().to_string();
        assert!(said.contains(&format!("mode {mode:04o}")) && said.contains("chmod go-w"), "{said}");
    }
    set(0o1777);
    let (_fd, name) = bind(&at(&path)).unwrap();
    name.remove();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(dir.path(), Some(1234), None).unwrap();
        assert!(matches!(bind(&at(&path)), Err(BindError::DirectoryOwner { owner: 1234, own: 0, .. })));
    }
}

#[test]
fn the_default_directory_is_made_open_to_clients() {
    let dir = dir();
    let socket = Socket { make_directory: true, ..at(&dir.path().join("apikeyd/apikeyd.sock")) };
    let (_fd, _name) = bind(&socket).unwrap();
    assert_eq!(fs::metadata(dir.path().join("apikeyd")).unwrap().mode() & 0o7777, 0o755);
    let too_deep = Socket { make_directory: true, ..at(&dir.path().join("a/b/s")) };
    assert!(
        matches!(bind(&too_deep), Err(BindError::DirectoryMissing(path)) if path == dir.path().join("a"))
    );
}
