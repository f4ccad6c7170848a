//! Peers that mean harm, against the real daemon in a process of its own, while somebody else validates.
//!
//! ```text
//!   ATTACKER, GANG ──► attack ─┐
//!                              ├─► the daemon: memory, descriptors, processor time
//!   VICTIM ──► validations ────┘        every one answered rightly, its time taken
//! ```
//!
//! What is asserted: the victim is always answered, the daemon's memory stays within a stated bound, and no
//! descriptor is left over. Times are reported and not asserted: they depend on the machine, which attackers,
//! victim and daemon share.

pub mod attack;
pub mod failing;
pub mod house;
pub mod mapping;
pub mod peer;
pub mod race;
pub mod siege;
pub mod socket_race;
pub mod strangers;
pub mod victim;
pub mod vitals;

use attack::Attack;
use clap::Parser;
use house::House;
use siege::Siege;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use victim::{Length, Seen, Times, Victim};

/// How long and how much.
#[derive(Debug, Parser)]
#[command(about = "Attacks a daemon in every way that a local user can, while another user validates")]
struct Options {
    /// Seconds of each attack.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that fail, in all stages together; of those that ask for a backup only some hundred.
    #[arg(long, default_value_t = 100_000)]
    failing: usize,
}

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

/// Attacks with so many connections, and lets the victim validate once the attackers have done `enough`.
///
/// # Panics
/// When the victim is not served, the daemon grows beyond [`Attack::memory_bound_kib`], or descriptors stay open.
#[must_use]
pub fn besiege(house: &House, attack: Attack, connections: usize, enough: u64, length: Length) -> Outcome {
    let vitals = house.vitals();
    let key = house.issue(&format!("victim of {}", attack.name()));
    let descriptors = vitals.descriptors();
    let victim = Victim::connect(house.daemon.socket().to_owned(), key);
    let before = vitals.resident_kib();
    let siege = Siege::begin(attack, connections, house.daemon.socket());
    siege.wait_for_blows(enough);
    let seen = victim.measure(length);
    let grown_kib = vitals.resident_kib().saturating_sub(before);
    let blows = siege.blows();
    siege.end();
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

/// The long form: every attack in turn, then the connections that fail.
#[must_use]
pub fn main() -> ExitCode {
    let options = Options::parse();
    strangers::allow_many_descriptors();
    if !strangers::are_other_users() {
        println!("only root can be other users: attackers and victim are one user here");
    }
    let house = House::open(&std::env::current_exe().expect("this program"));
    let length = Length::Time(Duration::from_secs(options.seconds));
    println!(
        "{:<20} {:>9} {:>9} {:>9} {:>9} {:>10} {:>8} {:>10}",
        "attack", "blows", "p50 us", "p99 us", "p99.9 us", "new p99 us", "KiB", "KiB bound"
    );
    let show = |name: &str, blows: u64, seen: &Seen, kib: u64, bound: u64| {
        let us = |times: &Times, per_mille| times.per_mille(per_mille).as_micros();
        let (old, new) = (&seen.validations, &seen.connections);
        println!(
            "{name:<20} {blows:>9} {:>9} {:>9} {:>9} {:>10} {kib:>8} {bound:>10}",
            us(old, 500),
            us(old, 990),
            us(old, 999),
            us(new, 990)
        );
    };
    show("quiet", 0, &quiet(&house, "before", length), 0, 0);
    for attack in Attack::ALL {
        let outcome = besiege(&house, attack, attack.connections(), 100, length);
        show(attack.name(), outcome.blows, &outcome.seen, outcome.grown_kib, attack.memory_bound_kib());
    }
    show("quiet again", 0, &quiet(&house, "after", length), 0, 0);
    fail_often(&house, options.failing);
    ExitCode::SUCCESS
}

/// Lets connections fail and looks at what is left of them after each stage.
///
/// # Panics
/// When descriptors stay open.
pub fn fail_often(house: &House, connections: usize) {
    let (vitals, begin) = (house.vitals(), Instant::now());
    // Before the count, so that what is opened once and kept is not taken for a leak.
    let _first = failing::fail(house.daemon.socket(), 1, |_| ());
    let _steady = house.wait_until_alone();
    let (settled, resident) = (vitals.descriptors(), vitals.resident_kib());
    let mut failed = 0;
    // In quarters, to see whether memory still grows when all that is kept for later has been made.
    for _ in 1..=4 {
        let over = |stage: &str| vitals.wait_for_descriptors(settled, stage);
        failed += failing::fail(house.daemon.socket(), connections / 4, over);
        println!(
            "{failed} connections that failed: {settled:?} descriptors before, {:?} after, {} KiB more, {:.0?}",
            vitals.descriptors(),
            vitals.resident_kib().saturating_sub(resident),
            begin.elapsed()
        );
    }
}
