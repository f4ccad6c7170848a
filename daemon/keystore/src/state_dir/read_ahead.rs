//! Bringing a whole file into the system's memory in order, while it is read here and there.
//!
//! The check at a start follows the trees, and the trees lead all over the file. A disk that is asked for one
//! page after the other, each only when the one before has come, gives a fraction of what it can.

use rustix::fs::{Advice, fadvise};
use rustix::system::sysinfo;
use std::fs::File;
use std::num::NonZeroU64;
use std::thread::Builder;

/// Below it a thread costs more than it saves.
const MIN_BYTES: u64 = 16 * 1024 * 1024;

/// Asked for at a time: what the kernel grants one call with its default read-ahead. It drops the rest.
const CHUNK: u64 = 128 * 1024;

/// Starts to bring in a file of so many bytes, and does not wait for it. A help, never a need: what cannot be
/// asked for is read when it is needed.
pub(crate) fn start(file: File, bytes: u64) {
    if bytes < MIN_BYTES || bytes > memory() / 2 {
        return;
    }
    // Without a thread the file is read as it is needed.
    let _ = Builder::new().name("store-read-ahead".into()).spawn(move || bring_in(&file, bytes));
}

/// Costs little when the file is there already.
fn bring_in(file: &File, bytes: u64) {
    let mut at = 0;
    while at < bytes && fadvise(file, at, NonZeroU64::new(CHUNK), Advice::WillNeed).is_ok() {
        at += CHUNK;
    }
}

/// Bytes of memory of this machine: a file of more than half of it would push itself out.
fn memory() -> u64 {
    let info = sysinfo();
    u64::from(info.mem_unit).saturating_mul(info.totalram)
}
