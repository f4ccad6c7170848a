//! What one user can make the daemon hold by each kind of request: as many of the largest ones as the sockets of all its
//! connections take, and no answer is read.

use super::attack::unread;
use super::house::House;
use super::siege::Siege;
use super::strangers::ATTACKING_ADMIN;
use apikeyd_protocol::operation::Opcode;
use std::time::Duration;

/// What was measured for one kind.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The kind.
    pub opcode: Opcode,
    /// KiB by which the daemon's resident memory had grown at most, since it was started.
    pub grown_kib: u64,
    /// How long the daemon worked on when the caller had gone; `None` when it went on and on.
    pub rests_after: Option<Duration>,
}

/// All kinds: first those that are answered at once, so that they are not measured on what others leave with the allocator;
/// last the one whose work stays: drafts are kept for their ten minutes.
#[must_use]
pub fn in_turn() -> Vec<Opcode> {
    let mut kinds = Opcode::ALL.to_vec();
    kinds.sort_by_key(|opcode| (*opcode == Opcode::Generate, !is_answered_at_once(*opcode)));
    kinds
}

/// Whether it is answered from memory, so that requests of this kind do not wait inside of the daemon.
#[must_use]
pub const fn is_answered_at_once(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::Validate
            | Opcode::Status
            | Opcode::PolicyRows
            | Opcode::PolicyTest
            | Opcode::RetrieveUser
            | Opcode::RetrieveKey
            | Opcode::Statistics
            | Opcode::FilesInForce
            | Opcode::PolicySummary
            | Opcode::Generate
    )
}

/// KiB that the daemon may hold for one user's requests of this kind on this number of places. A new opcode does not
/// compile until it has its bound.
#[must_use]
pub const fn bound_kib(opcode: Opcode, places: u64) -> u64 {
    // What the allocator keeps and the store's cache.
    const KEPT: u64 = 12 * 1024;
    // The state of a task, a frame of the full length that has not been taken, and 256 KiB of answers that nobody reads
    // with the last one of them.
    const PLACE: u64 = 24 + 64 + 256 + 32;
    // Four long answers that are made meanwhile.
    const LONG: u64 = 4 * 64;
    // Four reports that wait, in the bytes in which they came.
    const REPORTS: u64 = 4 * 32;
    // Commands of 256 bytes, each with the state of its task, 128 in flight.
    const COMMANDS: u64 = 128 * 4;
    // 65,536 drafts with names of 383 bytes, which stay for their ten minutes.
    const DRAFTS: u64 = 48 * 1024;
    let place = match opcode {
        Opcode::Validate
        | Opcode::Status
        | Opcode::PolicyTest
        | Opcode::RetrieveUser
        | Opcode::RetrieveKey
        | Opcode::Statistics
        | Opcode::FilesInForce
        | Opcode::PolicySummary
        | Opcode::PolicyRows => PLACE,
        Opcode::Generate => return KEPT + DRAFTS + PLACE * places,
        Opcode::List | Opcode::AuditList => PLACE + LONG,
        Opcode::ReportUses => PLACE + REPORTS,
        Opcode::Save
        | Opcode::Delete
        | Opcode::CredentialsChanged
        | Opcode::DeleteUser
        | Opcode::AuditVerify
        | Opcode::Reload
        | Opcode::RevocationPage
        | Opcode::Backup => PLACE + COMMANDS,
    };
    KEPT + place * places
}

/// Lets one user ask for one kind on this number of places until the sockets take no more of it, or for some time.
#[must_use]
pub fn hold(house: &House, opcode: Opcode, places: usize, fresh_kib: u64, most: Duration) -> Held {
    let vitals = house.vitals();
    house.daemon.take_notes();
    vitals.forget_peak();
    let siege =
        Siege::of([ATTACKING_ADMIN], house.daemon.socket(), move |field| unread(field, places, opcode));
    siege.wait_for_blows(u64::try_from(places).expect("a number"));
    siege.wait_until_stuck(most);
    let grown_kib = vitals.peak_kib().saturating_sub(fresh_kib);
    siege.end();
    let rests_after = vitals.rests_after();
    house.daemon.take_notes();
    Held { opcode, grown_kib, rests_after }
}
