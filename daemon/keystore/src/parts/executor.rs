//! Who runs the writer.

/// Who runs the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// A thread of its own, which takes what is queued into one transaction while callers queue more.
    OwnThread,
    /// The caller that waits for a change: it lets every task that is ready queue its own, writes what is queued, and
    /// then has its answer. With seeded randomness a run on one thread repeats to the byte.
    Caller,
}
