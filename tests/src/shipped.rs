//! A daemon as shipped: a user of its own, no capability, the limits of the unit, a socket that somebody else opened.
//!
//! Root makes it so. What only a service manager can do stays out: name spaces and the filter of system calls.
//! `systemd/try` has those.

mod control_group;
mod unit;

pub use control_group::ControlGroup;
pub use unit::Unit;

use apikeyd_kit::daemon::Start;
use apikeyd_kit::scratch::Scratch;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use std::fs::{self, DirBuilder, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Users of daemons begin here, above those of systemd's containers. A user has one daemon: the kernel counts threads and
/// descriptors in flight per user.
const FIRST_UID: u32 = 2_000_000_000;

/// Hands over the socket on standard input as systemd would: as descriptor 3, to a process of this very id.
const ACTIVATE: &str = "umask \"$1\" && exec 3<&0 </dev/null && \
    export LISTEN_FDS=1 LISTEN_FDNAMES=\"$2\" LISTEN_PID=$$ && shift 2 && exec \"$@\"";

/// Enters a control group.
const ENTER: &str = "echo $$ >\"$0\" && exec \"$@\"";

/// A user of its own for one more daemon.
#[must_use]
pub fn another_user() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(number < 100, "a hundred daemons of one process");
    // Other processes start daemons, too.
    FIRST_UID + std::process::id() % 1_000_000 * 100 + number
}

/// A daemon of that user that is about to start on a scratch directory, which becomes what the unit and `tmpfiles.d` make
/// on a host: the state directory is the user's, the socket is in `run`, opened by root. `group` is for the unit's
/// [memory](Unit::memory) and must outlive the daemon.
#[must_use]
pub fn start(scratch: &Scratch, unit: &Unit, uid: u32, group: Option<&ControlGroup>) -> Start {
    scratch.copy_programs();
    give(&scratch.state(), unit.state_mode, uid);
    let run = scratch.path("run");
    if !run.exists() {
        DirBuilder::new().mode(unit.run_mode).create(&run).expect("a directory for the socket");
    }
    give(&run, unit.run_mode, uid);
    let socket = socket(scratch);
    let listening = open(&socket, unit);
    let start = match group {
        Some(group) => Start::program(scratch, Path::new("/bin/sh"))
            .args(["-c", ENTER])
            .arg(group.processes())
            .arg("prlimit"),
        None => Start::program(scratch, Path::new("prlimit")),
    };
    let start = limited(start, unit)
        .arg("setpriv")
        .args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".into()])
        .args(["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"])
        .args(["/bin/sh", "-c", ACTIVATE, "sh"])
        .args([format!("{:04o}", unit.umask), unit.socket_name.into()])
        .arg(scratch.daemon())
        .input(listening)
        .socket(socket);
    // The service manager's socket takes notes from everybody.
    fs::set_permissions(scratch.path("notify.sock"), Permissions::from_mode(0o666)).expect("its mode");
    start
}

/// Where such a daemon listens.
#[must_use]
pub fn socket(scratch: &Scratch) -> PathBuf {
    scratch.path("run").join("apikeyd.sock")
}

fn give(directory: &Path, mode: u32, uid: u32) {
    fs::set_permissions(directory, Permissions::from_mode(mode)).expect("a directory's mode");
    chown(directory, Some(uid), Some(uid)).expect("a directory's owner");
}

/// Listens where the daemon will; closed on exec, but for the copy that becomes its standard input.
fn open(path: &Path, unit: &Unit) -> OwnedFd {
    let _old = fs::remove_file(path);
    let socket =
        socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("a socket");
    bind(&socket, &SocketAddrUnix::new(path).expect("a short path")).expect("the socket's name");
    fs::set_permissions(path, Permissions::from_mode(unit.socket_mode)).expect("the socket's mode");
    listen(&socket, unit.backlog).expect("a socket that listens");
    socket
}

fn limited(start: Start, unit: &Unit) -> Start {
    let Unit { descriptors, core, locked, tasks, .. } = unit;
    start.args([
        format!("--nofile={descriptors}:{descriptors}"),
        format!("--core={core}:{core}"),
        format!("--memlock={locked}:{locked}"),
        format!("--nproc={tasks}:{tasks}"),
    ])
}

/// Looks at a running daemon, and panics with the first thing that is not as shipped.
pub fn check(pid: u32, unit: &Unit, uid: u32) {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).expect("a running process");
    let status = read("status");
    let is = |name: &str, wanted: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
        assert_eq!(line, Some(wanted), "{name} of the daemon");
    };
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        is(set, "0000000000000000");
    }
    is("NoNewPrivs", "1");
    is("Umask", &format!("{:04o}", unit.umask));
    for who in ["Uid", "Gid"] {
        is(who, &[uid.to_string().as_str(); 4].join("\t"));
    }
    is("Groups", " ");
    let limits = read("limits");
    for (name, wanted) in [
        ("Max open files", unit.descriptors),
        ("Max core file size", unit.core),
        ("Max locked memory", unit.locked),
        ("Max processes", unit.tasks),
    ] {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).expect("a limit");
        let both: Vec<&str> = line.split_whitespace().take(2).collect();
        assert_eq!(both, [wanted.to_string(), wanted.to_string()], "{name} of the daemon");
    }
}
