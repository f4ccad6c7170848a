//! SIGKILL: the real daemon under load from many clients is killed at random moments and started again at once, and
//! whatever it acknowledged must still be there.
//!
//! Each of [`SEATS`] users belongs to one thread, which therefore knows what every request must be answered, and notes
//! what was acknowledged. After each start everything that was touched is compared with it: see `compare`. Processes
//! with caching clients run through it all and hold every acceptance against the ends that were answered.

mod asker;
mod audit;
mod compare;
mod options;
mod process;
mod report;
mod seat;
mod tally;
mod worker;

pub use options::Plan;
pub use report::Report;

use crate::seeded::Seeded;
use apikeyd_client::Client;
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::filling::fill;
use apikeyd_tests::stress::{self, Board, Found, SEATS, clock};
use apikeyd_tests::trial::{self, News, StopOnDrop};
use compare::Comparer;
use seat::Seat;
use std::collections::BTreeSet;
use std::process::{Child, ExitCode};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};
use tally::Tally;
use worker::Worker;

/// Time for a request of the thread that compares.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often a start is waited for, half a minute each time.
const PATIENCE: u32 = 20;

/// Of so many starts one is killed before it is done.
const KILLED_STARTS: u64 = 8;

/// What all threads of a run see.
struct Arena {
    board: Board,
    seats: Vec<Mutex<Seat>>,
    /// Held for reading during each step of a worker, for writing while the state is compared.
    gate: RwLock<()>,
    /// Counts kills; raised before the signal goes out.
    kills: AtomicU64,
    /// Counts daemons that are gone.
    deaths: AtomicU64,
    /// When the last daemon was gone, by CLOCK_MONOTONIC.
    killed_at: AtomicU64,
    stop: AtomicBool,
    tally: Tally,
}

/// The program `sigkill`: fails when something that was acknowledged is not there, or the reverse.
#[must_use]
pub fn main(plan: &Plan) -> ExitCode {
    trial::conduct(|scratch| run(scratch, plan), Report::is_clean)
}

/// Runs the plan in a scratch directory.
#[must_use]
pub fn run(scratch: &Scratch, plan: &Plan) -> Report {
    let began = Instant::now();
    let arena = Arena {
        board: Board::create(&scratch.path("board")).expect("a board"),
        seats: (0..SEATS).map(|number| Mutex::new(Seat::new(number))).collect(),
        gate: RwLock::new(()),
        kills: AtomicU64::new(0),
        deaths: AtomicU64::new(0),
        killed_at: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        tally: Tally::default(),
    };
    let daemon = Start::new(scratch).ready();
    let name = |number| format!("resident-{number}");
    let residents = fill(&scratch.socket(), plan.keys, name, |_, draft| Some(draft.key_id));
    let residents: BTreeSet<_> = residents.into_iter().collect();
    let client = client(scratch);
    let mut comparer = Comparer::new(&arena, client, residents);
    let processes: Vec<Child> = (0..plan.processes).map(|_| stress::start_client(scratch, 1, 1)).collect();
    let mut random = Seeded::new(plan.seed);
    let daemon = thread::scope(|scope| {
        for number in 0..plan.clients {
            let worker = Worker::new(&arena, scratch, number, plan.clients, random.split());
            scope.spawn(move || worker.run());
        }
        let _stopping = StopOnDrop(&arena.stop);
        kill_again_and_again(daemon, scratch, plan, &arena, &mut comparer, &mut random)
    });
    // One more restart settles what is in doubt, so that the last comparison is of everything.
    let daemon = restart(daemon, scratch, &arena, &mut random);
    comparer.compare("at the end");
    comparer.compare_all("at the end");
    let mut found = Found::default();
    processes.into_iter().for_each(|process| found.add(stress::finish(process)));
    let log = daemon.log();
    let ended = daemon.stop();
    arena.tally.check(ended.success(), || format!("the daemon ended with {ended}"));
    arena.tally.check(!log.contains("panicked"), || "a daemon panicked: see its log".to_owned());
    Report::new(began.elapsed(), &arena, comparer.counts(), found)
}

fn kill_again_and_again(
    mut daemon: Daemon,
    scratch: &Scratch,
    plan: &Plan,
    arena: &Arena,
    comparer: &mut Comparer<'_>,
    random: &mut Seeded,
) -> Daemon {
    let (began, mut news) = (Instant::now(), News::begin());
    for round in 1_u64.. {
        let is_enough = arena.kills.load(Ordering::Relaxed) >= plan.kills
            && arena.tally.acknowledged() >= plan.changes
            || plan.minutes.is_some_and(|minutes| began.elapsed() >= Duration::from_secs(60 * minutes));
        if is_enough || !arena.tally.is_clean() {
            break;
        }
        thread::sleep(Duration::from_micros(random.below(1_000 * plan.load_ms.max(1))));
        daemon = restart(daemon, scratch, arena, random);
        let turn = arena.gate.write().unwrap_or_else(PoisonError::into_inner);
        let when = format!("after kill {}", arena.kills.load(Ordering::Relaxed));
        comparer.compare(&when);
        if round.is_multiple_of(plan.whole_every) {
            comparer.compare_all(&when);
        }
        drop(turn);
        news.tell(|| format!("{when}, {} changes", arena.tally.acknowledged()));
    }
    daemon
}

/// Kills the daemon, and starts another one at once; now and then that one is killed in its start, too.
fn restart(daemon: Daemon, scratch: &Scratch, arena: &Arena, random: &mut Seeded) -> Daemon {
    kill(daemon, arena);
    let killed = Instant::now();
    while random.one_in(KILLED_STARTS) {
        let half_started = Start::new(scratch).spawn();
        // From before its first instruction until after it is ready.
        thread::sleep(Duration::from_micros(random.below(1_200 * arena.tally.typical_start_ms())));
        kill(half_started, arena);
        arena.tally.killed_in_start();
    }
    let began = Instant::now();
    let daemon = wait_until_ready(Start::new(scratch).spawn());
    arena.tally.started(began.elapsed());
    let client = client(scratch);
    let served = client.status().is_ok();
    arena.tally.check(served, || "a daemon that is ready does not answer".to_owned());
    arena.tally.served(killed.elapsed());
    daemon
}

/// A machine that is busy otherwise may take long; what the daemon does meanwhile is told.
fn wait_until_ready(mut daemon: Daemon) -> Daemon {
    for _ in 0..PATIENCE {
        if daemon.try_wait_told("READY=1").is_some() {
            return daemon;
        }
        println!("a daemon is not ready yet: {}", process::threads(daemon.pid()));
    }
    panic!("the daemon is not ready; its log:\n{}", last_lines(&daemon.log()));
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn kill(daemon: Daemon, arena: &Arena) {
    arena.kills.fetch_add(1, Ordering::SeqCst);
    daemon.kill();
    arena.killed_at.store(clock::now(), Ordering::SeqCst);
    arena.deaths.fetch_add(1, Ordering::SeqCst);
}

fn client(scratch: &Scratch) -> Client {
    Client::builder().socket(scratch.socket()).cache(false).timeout(TIMEOUT).build().expect("a client")
}
