//! Soak: mixed load for half an hour with restarts, and nothing may grow.
//!
//! Time is cut into thirty slots, of a minute each in the long form. What a slot used and how long its requests took is
//! measured, and the last third is held against the first by the rules in `verdict`.

mod counts;
mod load;
mod options;
mod report;
mod samples;
mod verdict;

pub use options::Plan;
pub use report::Report;
pub use verdict::{Flatness, Rule, judge};

use apikeyd_client::Client;
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::trial::{self, StopOnDrop};
use load::Load;
use samples::Sampler;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// Slots of a run.
const SLOTS: u32 = 30;

/// Samples in a slot.
const SAMPLES: u32 = 12;

/// Slots before which the daemon is started anew. What the last one leaks adds up over half of the run.
const RESTARTS: [u32; 3] = [5, 10, 15];

/// Connections that a planted leak adds in each slot.
const LEAK: u32 = 4;

/// How long after its time a run waits until every kind of request was answered: a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(20);

/// A small cache of the database, so that it is full before the first third is over and its growth is no finding; and
/// room for connections that a planted fault leaves open.
const CONFIGURATION: &str = "[limits]\ncache_mib = 8\nconnections_per_uid = 1024\n";

/// The program `soak`: fails when something grew, a verdict was wrong, or a kind of request was never answered.
#[must_use]
pub fn main(plan: &Plan) -> ExitCode {
    let is_as_it_must_be = |report: &Report| report.is_complete() && report.is_clean() != plan.leak;
    trial::conduct(|scratch| run(scratch, plan), is_as_it_must_be)
}

/// Runs the plan in a scratch directory.
#[must_use]
pub fn run(scratch: &Scratch, plan: &Plan) -> Report {
    let configuration = scratch.write(
        "apikeyd.toml",
        format!("policy = {:?}\n{CONFIGURATION}", scratch.write("policy.toml", load::POLICIES[0])),
    );
    let start = || Start::new(scratch).arg("--config").arg(&configuration).ready();
    let first = start();
    let load = Load::prepare(scratch, plan);
    let began = Instant::now();
    let mut sampler = Sampler::new(scratch);
    let daemon = thread::scope(|scope| {
        load.start(scope);
        let _stopping = StopOnDrop(&load.stop);
        let mut daemon = first;
        let mut leaked: Vec<Client> = Vec::new();
        for slot in 0..SLOTS {
            if RESTARTS.contains(&slot) {
                daemon = restart(daemon, slot, &start);
            }
            if plan.leak {
                leaked.extend((0..LEAK).map(|_| load.connect()));
            }
            for sample in 1..=SAMPLES {
                let due = began + plan.time() * (slot * SAMPLES + sample) / (SLOTS * SAMPLES);
                thread::sleep(due.saturating_duration_since(Instant::now()));
                sampler.sample(&daemon);
            }
            println!("{}", sampler.close_slot(&load));
        }
        let deadline = Instant::now() + PATIENCE;
        while !load.is_complete() && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
        daemon
    });
    assert!(daemon.stop().success());
    Report::new(began.elapsed(), sampler.into_slots(), &load)
}

/// Every second time as a crash would end it.
fn restart(daemon: Daemon, slot: u32, start: &impl Fn() -> Daemon) -> Daemon {
    if slot.is_multiple_of(2) {
        assert!(daemon.stop().success());
    } else {
        daemon.kill();
    }
    start()
}
