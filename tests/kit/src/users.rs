//! Other users than this process's own. The calls change the calling thread alone, and the kernel names the user of the
//! thread that connects.

use rustix::process::geteuid;
use rustix::thread::{Gid, Uid, set_thread_gid, set_thread_groups, set_thread_uid};
use std::thread::{self, JoinHandle};

/// Whether this process can be other users; says so where it cannot.
#[must_use]
pub fn is_root() -> bool {
    let is_root = geteuid().is_root();
    if !is_root {
        eprintln!("skipped: only root can be other users");
    }
    is_root
}

/// Starts a thread as another user, with the group of that number and these further ones. Needs root.
pub fn spawn_as<T: Send + 'static>(
    uid: u32,
    groups: &[u32],
    run: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let groups: Vec<_> = groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    thread::spawn(move || {
        set_thread_groups(&groups).expect("other groups");
        set_thread_gid(Gid::from_raw(uid)).expect("another group");
        set_thread_uid(Uid::from_raw(uid)).expect("another user");
        run()
    })
}

/// Runs on a thread of its own as another user, and waits for it.
pub fn as_user<T: Send + 'static>(uid: u32, groups: &[u32], run: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_as(uid, groups, run).join().expect("what another user did")
}
