//! Which answers are held back while a page that was lost is waited out.
//!
//! Clients trust the page of an earlier start for some seconds, and accept by it what was revoked since. Until
//! then no answer tells of a revocation, or its reader would know of one that does not hold on this host yet. The reasons
//! stand in `docs/REVOCATION.md`, one for each operation.

/// Bytes of a request that is held back before as few as of those with large answers are taken on.
pub(super) const LARGE_REQUEST: usize = 1024;

/// When an answer has to wait, for as long as the wait is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Never: it cannot tell of a revocation, or is not held for a reason that the document gives.
    Never,
    /// Before it is looked for: it tells of what was changed before.
    Before,
    /// Once the change is made: the service holds the answer.
    After,
}
