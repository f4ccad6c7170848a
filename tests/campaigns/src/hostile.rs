//! Peers that mean harm, against the real daemon in a process of its own, while somebody else validates.
//!
//! ```text
//!   ATTACKER, GANG ──► attack ─┐
//!                              ├─► the daemon: memory, descriptors, processor time
//!   VICTIM ──► validations ────┘        every one answered rightly, its time taken
//! ```
//!
//! The daemon is as shipped: a user of its own, no capability, the limits of the unit. What is asserted: victims are always
//! answered, the daemon's memory stays within a stated bound, no descriptor is left over, and work ends with those who
//! asked for it. Times are reported and not asserted: attackers, victim and daemon share the processors. To tell
//! what the daemon adds from what the machine does, the long form makes each attack twice: first on another daemon of
//! the same machine.

pub mod attack;
pub mod commands;
pub mod costly;
pub mod descriptors;
pub mod drafts;
pub mod failing;
pub mod house;
pub mod kinds;
pub mod largest;
mod long;
pub mod mapping;
pub mod race;
pub mod repeating;
pub mod siege;
pub mod socket_race;
pub mod strangers;
mod table;
pub mod victim;
pub mod vitals;

pub use long::{Options, main};

use attack::Attack;
use house::House;
use siege::Siege;
use std::time::Instant;
use victim::{Length, Seen, Victim};

/// What one attack did to the daemon and to the victim.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the victim saw.
    pub seen: Seen,
    /// Things that the attackers did.
    pub blows: u64,
    /// KiB by which the daemon's resident memory had grown while the attack went on.
    pub grown_kib: u64,
}

/// Attacks one daemon with so many connections, and lets the victim validate with the same or another one once the
/// attackers have done `enough`.
#[must_use]
pub fn besiege(
    attacked: &House,
    served: &House,
    attack: Attack,
    connections: usize,
    enough: u64,
    length: Length,
) -> Outcome {
    let vitals = attacked.vitals();
    let key = served.issue(&format!("victim of {} at {}", attack.name(), attacked.daemon.pid()));
    attacked.daemon.take_notes();
    let descriptors = vitals.descriptors();
    let victim = Victim::connect(served.daemon.socket().to_owned(), key);
    let before = vitals.resident_kib();
    let siege = Siege::begin(attack, connections, attacked.daemon.socket());
    siege.wait_for_blows(enough);
    let seen = victim.measure(length);
    let grown_kib = vitals.resident_kib().saturating_sub(before);
    let blows = siege.blows();
    siege.end();
    attacked.daemon.take_notes();
    vitals.wait_for_descriptors(descriptors, attack.name());
    let bound = attack.memory_bound_kib();
    assert!(grown_kib <= bound, "{attack:?}: the daemon has grown by {grown_kib} KiB, more than {bound}");
    Outcome { seen, blows, grown_kib }
}

/// What the victim sees when nobody attacks.
#[must_use]
pub fn quiet(house: &House, user: &str, length: Length) -> Seen {
    let key = house.issue(user);
    Victim::connect(house.daemon.socket().to_owned(), key).measure(length)
}

/// Lets connections fail and looks at what is left of them after each stage.
pub fn fail_often(house: &House, connections: usize) {
    let (vitals, begin) = (house.vitals(), Instant::now());
    // Before the count, so that what is opened once and kept is not taken for a leak.
    let _first = failing::fail(house.daemon.socket(), 1, |_| ());
    let _steady = house.wait_until_alone();
    house.daemon.take_notes();
    let (settled, resident) = (vitals.descriptors(), vitals.resident_kib());
    let mut failed = 0;
    // In quarters, to see whether memory still grows when all that is kept for later has been made.
    for _ in 1..=4 {
        let over = |stage: &str| {
            house.daemon.take_notes();
            vitals.wait_for_descriptors(settled, stage);
        };
        failed += failing::fail(house.daemon.socket(), connections / 4, over);
        println!(
            "{failed} connections that failed: {settled:?} descriptors before, {:?} after, {} KiB more, {:.0?}",
            vitals.descriptors(),
            vitals.resident_kib().saturating_sub(resident),
            begin.elapsed()
        );
    }
}
