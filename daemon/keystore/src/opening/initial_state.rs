//! What a new store begins with.

use crate::parts::Randomness;
use apikeyd_protocol::time::Timestamp;

/// What a new store begins with.
#[derive(Clone, Copy, Debug)]
pub struct InitialState<'a> {
    /// The time.
    pub now: Timestamp,
    /// BLAKE3 of the policy table that counts as in force from the first row on.
    pub policy_hash: [u8; 32],
    /// For its name, and its pepper.
    pub randomness: &'a Randomness,
}
