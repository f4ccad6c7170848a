//! Preparation before the daemon serves: it hardens the process, makes the state directory and finds the
//! pepper; or it only reports the configuration.

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::operations::PepperSource;
use crate::rights::Holder;
use apikeyd_policy::PolicyTable;
use rustix::fs::{lstat, stat};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use signal_hook::consts::SIGXFSZ;
use std::env;
use std::fs::DirBuilder;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// No core files, and no other process of the same user may read this one's memory; exceeding a file-size limit
/// fails the write and does not end the process. What is not available is logged: the daemon works without it.
pub(super) fn apply() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the process remains dumpable");
    }
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::warn!(%error, "core files remain possible");
    }
    // With any handler the write returns EFBIG; nobody needs to see the signal.
    if let Err(error) = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))) {
        tracing::warn!(%error, "a file-size limit would end the process");
    }
}

/// Descriptors other than those of connections: database, page, runtime, callers being refused.
const OTHER_DESCRIPTORS: u64 = 128;

/// Raises the descriptor limit to what the configured connections need: one each, and possibly one more for a
/// caller that was sent a descriptor and has not read it. If the hard limit is lower, the accept loop backs off
/// before the connection limit is reached.
pub(super) fn allow_descriptors(connections: u32) {
    let wanted = 2 * u64::from(connections) + OTHER_DESCRIPTORS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` means no limit.
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        tracing::warn!(%error, "the descriptor limit could not be raised");
    } else if raised < wanted {
        tracing::warn!(
            limit = raised,
            wanted,
            "there are fewer descriptors than the configured connections need; raise LimitNOFILE= or lower \
             limits.connections"
        );
    }
}

/// Descriptors that may be in flight to callers at a time: one for each connection, and at most half the limit
/// of open ones. The kernel allows as many in flight as open.
pub(super) fn descriptors_under_way(connections: u32) -> usize {
    let connections = usize::try_from(connections).unwrap_or(usize::MAX);
    let limit = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok());
    limit.map_or(connections, |limit| connections.min(limit / 2))
}

/// Makes the directory, private, if it is missing. The store checks one that exists.
pub(super) fn make_state_dir(path: &Path) -> Result<(), Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| {
        let kind = error.kind();
        let exit = if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
            Exit::Permission
        } else if matches!(kind, ErrorKind::AlreadyExists | ErrorKind::NotADirectory) {
            Exit::Configuration
        } else {
            Exit::InputOutput
        };
        let path = path.display();
        Failure::new(
            exit,
            format!("the state directory {path} cannot be made: {error}; name another with --state-dir"),
        )
    })
}

/// Where the service manager puts credentials.
const DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
const NAME: &str = "pepper";

/// `$CREDENTIALS_DIRECTORY/pepper` if anything has that name, otherwise the file beside the database.
///
/// # Errors
/// If it cannot be determined whether it exists: with another pepper, no key would be valid.
pub(super) fn pepper() -> Result<PepperSource, Failure> {
    let directory = env::var_os(DIRECTORY).filter(|directory| !directory.is_empty());
    let Some(directory) = directory.map(PathBuf::from) else { return Ok(PepperSource::Beside) };
    let path = directory.join(NAME);
    let found = lstat(&path).map(|_| true).or_else(|errno| match errno {
        // A missing credential is one thing, a missing directory another.
        Errno::NOENT => stat(&directory).map(|_| false),
        other => Err(other),
    });
    match found {
        Ok(true) => Ok(PepperSource::Credential(path)),
        Ok(false) => Ok(PepperSource::Beside),
        Err(errno) => {
            let cause = std::io::Error::from(errno);
            let message = format!(
                "{}: it cannot be determined whether the service manager provides the pepper as a credential: {cause}; fix \
                 the directory, or unset {DIRECTORY}",
                path.display()
            );
            Err(Failure::new(Exit::Configuration, message))
        }
    }
}

/// Prints the resulting configuration to standard output.
pub(super) fn report(config: &Config, policy: &PolicyTable) -> Result<(), Failure> {
    write(&mut io::stdout().lock(), config, policy).map_err(|error| {
        Failure::new(Exit::InputOutput, format!("standard output cannot be written: {error}"))
    })
}

fn write(out: &mut impl Write, config: &Config, policy: &PolicyTable) -> io::Result<()> {
    let shown =
        |path: Option<&Path>, none: &str| path.map_or(none.to_owned(), |path| path.display().to_string());
    writeln!(out, "configuration  {}", shown(config.file.as_deref(), "none; the defaults"))?;
    writeln!(out, "state          {}", config.state_dir.display())?;
    writeln!(out, "socket         {} (mode {:04o})", config.socket.path.display(), config.socket.mode)?;
    let file = shown(config.policy.file(), "compiled in");
    writeln!(out, "policy         {file}, {} rows", policy.rows().len())?;
    writeln!(out, "key prefix     {}", config.key_prefix)?;
    writeln!(out, "drafts live    {} min", config.draft_ttl.as_secs() / 60)?;
    match config.retention {
        Some(time) => writeln!(out, "revoked keys   kept for {} days", time.as_secs() / 86_400)?,
        None => writeln!(out, "revoked keys   kept permanently")?,
    }
    let limits = config.limits;
    writeln!(out, "connections    {} in total, {} per user", limits.connections, limits.connections_per_uid)?;
    let mut holders: Vec<_> = config.rights.holders().collect();
    holders.sort_by_key(|(holder, _)| *holder);
    for (holder, rights) in holders {
        match holder {
            Holder::User(uid) => writeln!(out, "rights         user {uid}: {rights}")?,
            Holder::Group(gid) => writeln!(out, "rights         group {gid}: {rights}")?,
        }
    }
    Ok(())
}
