//! The proof by trial that no key is accepted after its revocation was answered: client processes that validate
//! from their caches, and a revoker, against a real daemon that is killed and started again in the middle.
//!
//! `docs/REVOCATION.md` has the argument that this tries, and what the long form found.

mod board;
mod client;
pub mod clock;
mod found;
mod options;
mod revoker;

pub use board::{Board, Posted, SEATS};
pub use found::Found;
pub use options::{Arguments, Plan};

use crate::trial::{self, News, StopOnDrop};
use apikeyd_client::Client;
use apikeyd_kit::daemon::Daemon;
use apikeyd_kit::programs;
use apikeyd_kit::scratch::Scratch;
use revoker::{Ends, Revoker};
use std::io::Read;
use std::process::{Child, ExitCode, Stdio};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

/// How long after its time a run waits for the ends that it must have.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

/// Time for one request of the revoker. More than a daemon waits that finds no page to go on with.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// What all client processes found together.
    pub found: Found,
    /// Ends that were answered, by way.
    pub ends: Vec<(&'static str, u64)>,
    /// How often the daemon was killed and started again.
    pub restarts: u32,
    /// From the first client's start to the last one's end.
    pub time: Duration,
}

/// The client's part, in a process of its own: see [`multicall`](crate::multicall).
#[must_use]
pub fn client_main() -> ExitCode {
    client::main()
}

/// The program `revocation-stress`: fails when a key was accepted that must not be.
#[must_use]
pub fn main(arguments: Arguments) -> ExitCode {
    let plan = arguments.plan();
    trial::conduct(|scratch| run(scratch, &plan), |report| report.found.violations() == 0)
}

/// Runs the plan in a scratch directory.
#[must_use]
pub fn run(scratch: &Scratch, plan: &Plan) -> Report {
    let board_path = scratch.path("board");
    let board = Board::create(&board_path).expect("a board");
    let first = Daemon::start(scratch);
    let (ends, stop) = (Ends::default(), AtomicBool::new(false));
    let revoker =
        Client::builder().socket(scratch.socket()).cache(false).timeout(TIMEOUT).build().expect("a client");
    let began = Instant::now();
    let clients: Vec<Child> =
        (0..plan.clients).map(|_| start_client(scratch, plan.threads, plan.checks)).collect();
    let daemon = thread::scope(|scope| {
        for first in 0..plan.revokers.min(SEATS) {
            let step = plan.revokers.min(SEATS);
            let revoker = Revoker { board: &board, client: &revoker, ends: &ends, first, step, issued: 0 };
            let stop = &stop;
            scope.spawn(move || revoker.run(stop));
        }
        let _stopping = StopOnDrop(&stop);
        let (mut daemon, mut news) = (first, News::begin());
        for restart in 1..=plan.restarts {
            wait_until(began + plan.time * restart / (plan.restarts + 1), &mut news, &ends);
            daemon = restart_daemon(daemon, scratch, restart);
        }
        wait_until(began + plan.time, &mut news, &ends);
        wait_for_ends(plan.ends, &ends);
        daemon
    });
    let mut found = Found::default();
    clients.into_iter().for_each(|client| found.add(finish(client)));
    let time = began.elapsed();
    assert!(daemon.stop().success());
    Report { found, ends: ends.by_way(), restarts: plan.restarts, time }
}

/// Kills the daemon and starts another one, every second time without the page that clients have mapped: then it
/// has to wait until nobody trusts that one any more.
fn restart_daemon(daemon: Daemon, scratch: &Scratch, number: u32) -> Daemon {
    daemon.kill();
    if number.is_multiple_of(2) {
        std::fs::remove_file(scratch.page()).expect("a page to remove");
    }
    Daemon::start(scratch)
}

/// Starts a client process on a scratch directory's daemon and the file `board` there. Each of its threads validates
/// a key `checks` times in a row.
#[must_use]
pub fn start_client(scratch: &Scratch, threads: usize, checks: u32) -> Child {
    programs::command(&scratch.path(programs::STRESS_CLIENT))
        .arg(scratch.socket())
        .arg(scratch.path("board"))
        .arg(threads.to_string())
        .arg(checks.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a client process")
}

/// Tells a client process to end, and takes what it found.
#[must_use]
pub fn finish(mut client: Child) -> Found {
    drop(client.stdin.take());
    let mut line = String::new();
    client.stdout.take().expect("its output").read_to_string(&mut line).expect("its findings");
    assert!(client.wait().expect("its end").success(), "a client process failed");
    Found::from_line(&line).unwrap_or_else(|error| panic!("a client process printed {line:?}: {error}"))
}

fn wait_until(until: Instant, news: &mut News, ends: &Ends) {
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        news.tell(|| format!("{} revocations", ends.total()));
        thread::sleep(left.min(PAUSE));
    }
}

/// A machine that is busy otherwise takes its time.
fn wait_for_ends(count: u64, ends: &Ends) {
    let deadline = Instant::now() + PATIENCE;
    while ends.by_way().iter().any(|(_, ended)| *ended < count) && Instant::now() < deadline {
        thread::sleep(PAUSE);
    }
}

/// The user who sits on a seat.
#[must_use]
pub fn user_of(seat: usize) -> String {
    format!("seat-{seat}")
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { found, ends, restarts, time } = self;
        let total: u64 = ends.iter().map(|(_, count)| count).sum();
        writeln!(
            f,
            "time                          {:.1} s, {restarts} restarts by SIGKILL",
            time.as_secs_f64()
        )?;
        writeln!(f, "revocations                   {total}")?;
        for (way, count) in ends {
            writeln!(f, "    {way:<26}{count}")?;
        }
        write!(f, "{found}")?;
        found.told.iter().try_for_each(|words| writeln!(f, "VIOLATION: {words}"))
    }
}
