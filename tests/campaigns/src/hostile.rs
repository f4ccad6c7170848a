//! Peers that mean harm, against the real daemon in a process of its own, while somebody else validates.
//!
//! ```text
//!   ATTACKER, GANG ──► attack ─┐
//!                              ├─► the daemon: memory, descriptors, processor time
//!   VICTIM ──► validations ────┘        every one answered rightly, its time taken
//! ```
//!
//! What is asserted: the victim is always answered, the daemon's memory stays within a stated bound, and no
//! descriptor is left over. Times are reported and not asserted: attackers, victim and daemon share the processors. To tell
//! what the daemon adds from what the machine does, the long form makes each attack twice: first on another daemon of
//! the same machine.

pub mod attack;
pub mod failing;
pub mod house;
pub mod mapping;
pub mod peer;
pub mod race;
pub mod siege;
pub mod socket_race;
pub mod strangers;
mod table;
pub mod victim;
pub mod vitals;

use attack::Attack;
use clap::Parser;
use house::House;
use siege::Siege;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use victim::{Length, Seen, Victim};

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

/// Attacks one daemon with so many connections, and lets the victim validate with the same or another one once the
/// attackers have done `enough`.
///
/// # Panics
/// When the victim is not served, the attacked daemon grows beyond [`Attack::memory_bound_kib`], or descriptors stay
/// open.
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

/// The long form: every attack in turn, then the connections that fail.
#[must_use]
pub fn main() -> ExitCode {
    let options = Options::parse();
    strangers::allow_many_descriptors();
    if !strangers::are_other_users() {
        println!("only root can be other users: attackers and victim are one user here");
    }
    let binary = std::env::current_exe().expect("this program");
    let [house, other] = [(); 2].map(|()| House::open(&binary));
    let length = Length::Time(Duration::from_secs(options.seconds));
    println!("{}", table::HEAD);
    table::print_quiet("quiet", &quiet(&house, "before", length));
    for attack in Attack::ALL {
        let besiege = |attacked| besiege(attacked, &house, attack, attack.connections(), 100, length);
        let (elsewhere, here) = (besiege(&other), besiege(&house));
        table::print(attack, &here, &elsewhere);
    }
    table::print_quiet("quiet again", &quiet(&house, "after", length));
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
