//! Work that waits for the disk, on a thread for that, whose stack is wiped behind it.

use apikeyd_keystore::wipe_stack;
use tokio::task::{JoinHandle, spawn_blocking};

/// Does what waits for the disk on a thread for that, and wipes what it left on the stack.
pub(crate) fn on_waiting_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    spawn_blocking(move || {
        let done = work();
        wipe_stack();
        done
    })
}
