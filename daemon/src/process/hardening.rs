//! What the process asks of the kernel for itself, units or no units.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use signal_hook::consts::SIGXFSZ;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// No core files and no other process of the same user reading this one's memory; a file-size limit is an
/// error of the write and not the end of the process. What cannot be had is logged: the daemon works without.
pub(super) fn apply() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "the process stays dumpable");
    }
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::warn!(%error, "core files stay possible");
    }
    // With any handler the write gives EFBIG; nobody needs to know that the signal came.
    if let Err(error) = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))) {
        tracing::warn!(%error, "a file-size limit would end the process");
    }
}

/// Descriptors beside those of connections: database, page, runtime, callers that are turned away.
const OTHER_DESCRIPTORS: u64 = 128;

/// Raises the limit of descriptors to what the configured connections need: each has one, and one more may be held for
/// a caller who was handed a descriptor and has not read it. Where the hard limit is lower, the accept loop will back
/// off before the limit of connections is reached.
pub(super) fn allow_descriptors(connections: u32) {
    let wanted = 2 * u64::from(connections) + OTHER_DESCRIPTORS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is no limit.
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        tracing::warn!(%error, "the limit of descriptors could not be raised");
    } else if raised < wanted {
        tracing::warn!(
            limit = raised,
            wanted,
            "there are fewer descriptors than the configured connections need; raise LimitNOFILE= or lower \
             limits.connections"
        );
    }
}

/// Descriptors that may be under way to callers at a time: one for each connection, and no more than half of what may
/// be open. The kernel allows as many under way as open ones.
pub(super) fn descriptors_under_way(connections: u32) -> usize {
    let connections = usize::try_from(connections).unwrap_or(usize::MAX);
    let limit = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok());
    limit.map_or(connections, |limit| connections.min(limit / 2))
}
