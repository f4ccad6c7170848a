//! What the process asks of the kernel for itself, units or no units.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
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
