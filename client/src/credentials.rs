//! The credentials of the calling thread.

use rustix::process::{getegid, geteuid, getgroups};

/// What the daemon gives rights by: user, group and supplementary groups of the thread that connects, read by the kernel at
/// the connect and never again. A process that changes them, to drop root, must not go on with an earlier connection.
///
/// Reading them costs four system calls, so it is done where the socket is used anyway, and not for what the cache
/// answers. The C library's `setuid` and the like change all threads of a process; the bare system calls change
/// one, and then each thread has its own rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    user: u32,
    group: u32,
    groups: Vec<u32>,
}

impl Credentials {
    /// Those of this thread now.
    pub(crate) fn now() -> Self {
        // Fails only if the groups change meanwhile. Without any, no earlier connection is used.
        let groups = getgroups().unwrap_or_default();
        Self {
            user: geteuid().as_raw(),
            group: getegid().as_raw(),
            groups: groups.into_iter().map(rustix::process::Gid::as_raw).collect(),
        }
    }
}
