//! Who is at the other end of a connection, as the kernel says.

/// The credentials of a connected process: taken once, at accept, and never from what a request claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Effective user at the time of `connect`.
    pub uid: u32,
    /// Effective group at the time of `connect`.
    pub gid: u32,
    /// Process, as a remark for the audit: numbers are used again.
    pub pid: u32,
    /// Supplementary groups at the time of `connect`.
    pub groups: Box<[u32]>,
}
