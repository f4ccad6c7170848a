//! Everything that costs the daemon more than the caller, asked for by eight users at their limits, while root reloads and
//! somebody else revokes keys.

use super::attack::Attack;
use super::house::House;
use super::repeating::{Repeating, patient};
use super::siege::Siege;
use super::victim::Times;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Time from one reload to the next.
const BETWEEN_RELOADS: Duration = Duration::from_millis(100);

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Revocations before the attack.
    pub quiet: usize,
    /// Reloads while it goes on; keys are revoked all the while.
    pub reloads: usize,
    /// How long the daemon's processor time is counted when the attackers have left.
    pub after: Duration,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Revocations of another issuer when nobody attacks.
    pub quiet: Times,
    /// The same under attack.
    pub attacked: Times,
    /// Reloads by root under attack.
    pub reloads: Times,
    /// The most resident memory that the daemon ever had, in KiB.
    pub peak_kib: u64,
    /// Processor time that the daemon used in [`Plan::after`] when the attackers had left.
    pub burnt: Duration,
    /// How long it took until it used none.
    pub rests_after: Option<Duration>,
    /// Requests that the attackers have sent, in pieces as the sockets took them.
    pub blows: u64,
    /// What was not as promised.
    pub broken: Vec<String>,
}

/// Attacks one daemon with everything that is costly, and lets root reload and an issuer revoke at the same or another one.
#[must_use]
pub fn run(attacked: &House, served: &House, plan: Plan) -> Outcome {
    let (socket, vitals) = (served.daemon.socket(), attacked.vitals());
    let mut outcome = Outcome::default();
    let quiet = Repeating::revocations(socket);
    quiet.wait_for(plan.quiet);
    outcome.quiet = quiet.end(&mut outcome.broken);
    let siege = Siege::begin(Attack::Costly, Attack::Costly.connections(), attacked.daemon.socket());
    // One piece for each place at the least: by then every one of them is taken.
    siege.wait_for_blows(u64::try_from(Attack::Costly.connections()).expect("a number"));
    [attacked, served].iter().for_each(|house| house.daemon.take_notes());
    let revoking = Repeating::revocations(socket);
    reload(socket, plan.reloads, &mut outcome);
    outcome.attacked = revoking.end(&mut outcome.broken);
    outcome.blows = siege.blows();
    siege.end();
    let (left, before) = (Instant::now(), vitals.processor_time());
    thread::sleep(plan.after);
    outcome.burnt = vitals.processor_time().saturating_sub(before);
    outcome.rests_after = vitals.rests_after().map(|_| left.elapsed());
    if outcome.rests_after.is_none() {
        outcome
            .broken
            .push(format!("the daemon still works {:.0?} after its callers have left", left.elapsed()));
    }
    outcome.peak_kib = vitals.peak_kib();
    let bound = attacked.memory_bound_kib();
    if outcome.peak_kib > bound {
        outcome.broken.push(format!("{} KiB were resident, more than {bound}", outcome.peak_kib));
    }
    [attacked, served].iter().for_each(|house| house.daemon.take_notes());
    outcome
}

/// Root reloads, once in a while.
fn reload(socket: &Path, times: usize, outcome: &mut Outcome) {
    let mut peer = patient(socket);
    for number in 0..times {
        let asked = Instant::now();
        match peer.try_ask(Opcode::Reload, &Empty {}).map(|answer| answer.status()) {
            Ok(Status::Ok) => outcome.reloads.add(asked.elapsed()),
            other => {
                let waited = asked.elapsed();
                outcome.broken.push(format!("reload {number} by root, after {waited:.1?}: {other:?}"));
                return;
            }
        }
        thread::sleep(BETWEEN_RELOADS.saturating_sub(asked.elapsed()));
    }
}
