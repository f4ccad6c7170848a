//! Tests against the kernel, with processes of other users.

use super::*;
use rustix::thread;
use rustix::thread::{Gid, Uid};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};

#[test]
fn this_process_is_who_it_is() {
    let (near, _far) = UnixStream::pair().unwrap();
    let peer = Peer::of(&near).unwrap();
    assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
    assert_eq!(peer.gid, rustix::process::getegid().as_raw());
    assert_eq!(peer.pid, std::process::id());
    let mut groups: Vec<_> = rustix::process::getgroups().unwrap().iter().map(|gid| gid.as_raw()).collect();
    let mut seen = peer.groups.to_vec();
    groups.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, groups);
}

#[test]
fn what_is_not_a_unix_socket_has_no_peer() {
    let file: OwnedFd = std::fs::File::open("/dev/null").unwrap().into();
    assert!(Peer::of(&file).is_err());
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(Peer::of(&tcp).is_err());
}

/// Needs root, which alone may become another user; otherwise says so and passes.
#[test]
fn another_user_with_many_groups_is_seen_as_such() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can become another user");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    // More groups than are requested at first.
    let many: Vec<u32> = (2000..2100).collect();
    let as_groups: Vec<_> = many.iter().map(|gid| Gid::from_raw(*gid)).collect();
    // These calls change only the calling thread.
    let connecting = std::thread::spawn(move || {
        thread::set_thread_groups(&as_groups).unwrap();
        thread::set_thread_gid(Gid::from_raw(2345)).unwrap();
        thread::set_thread_uid(Uid::from_raw(1234)).unwrap();
        UnixStream::connect(path).unwrap()
    });
    let far = connecting.join().unwrap();
    let (near, _) = listener.accept().unwrap();
    let peer = Peer::of(&near).unwrap();
    assert_eq!((peer.uid, peer.gid, peer.pid), (1234, 2345, std::process::id()));
    assert_eq!(peer.groups[..], many[..]);
    drop(far);
    assert_eq!(Peer::of(&near).unwrap(), peer, "the answer stays when the caller is gone");
}
