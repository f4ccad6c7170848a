//! Rights that are withdrawn while their holders validate as fast as they can.
//!
//! ```text
//!   VICTIM ──► 64 pipelined validations on each of several connections ──► verdicts, each with its epoch
//!   root   ──► grant, reload · withdraw, reload, *answered*
//! ```
//!
//! A verdict that was given on the rights of before is still on its way when the reload is answered, and that is
//! harmless: it carries an epoch of before, and no cache keeps it. What may never come is a `Valid` that carries the
//! epoch of after: every cache of that caller would go on accepting.

use crate::hostile::house::House;
use crate::hostile::strangers::{VICTIM, are_other_users, spawn_as};
use apikeyd_client::ApiKey;
use apikeyd_kit::bytes::request;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{Empty, PolicyPage, PolicyRows, Validate, Verdict};
use apikeyd_protocol::operation::Opcode;
use apikeyd_tests::filling::issue;
use apikeyd_tests::trial::{News, StopOnDrop};
use clap::Args;
use core::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Connections that validate at the same time.
const CONNECTIONS: usize = 4;

/// Validations of one write: a turn of the daemon.
const PIPELINED: u64 = 64;

/// How long the next answers may take before the campaign says that there are none.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many withdrawals.
#[derive(Debug, Args)]
#[command(
    about = "Withdraws a right many times while its holders validate, and looks for verdicts that outlive it"
)]
pub struct Options {
    /// Withdrawals.
    #[arg(long, default_value_t = 3_000)]
    cycles: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Withdrawals that were answered.
    pub cycles: u64,
    /// Withdrawals after which a verdict of before was found that a cache would keep.
    pub violations: u64,
    /// Verdicts `Valid`, in all.
    pub valid: u64,
    /// Requests that were not permitted, in all.
    pub not_permitted: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cycles, violations, valid, not_permitted } = self;
        writeln!(
            f,
            "{cycles} withdrawals, {valid} valid verdicts, {not_permitted} requests not permitted; \
             {violations} withdrawals left a verdict that caches keep"
        )
    }
}

/// The long form.
#[must_use]
pub fn main(options: &Options) -> ExitCode {
    if !are_other_users() {
        println!("only root can be another user: the daemon's own user has every right, always");
        return ExitCode::FAILURE;
    }
    let binary = std::env::current_exe().expect("this program");
    let report = run(&binary, options.cycles);
    print!("{report}");
    if report.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the validating threads tell.
#[derive(Debug, Default)]
struct Board {
    stop: AtomicBool,
    /// The latest epoch of a valid verdict.
    latest: AtomicU64,
    rounds: [AtomicU64; CONNECTIONS],
    valid: AtomicU64,
    not_permitted: AtomicU64,
}

/// Withdraws the right to validate `cycles` times, and looks after each answer what its holders were told.
#[must_use]
pub fn run(binary: &Path, cycles: u64) -> Report {
    let house = House::open(binary);
    let key = Arc::new(issue(&house.client(), "withdrawal"));
    let board = Arc::new(Board::default());
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let (board, key, socket) =
                (Arc::clone(&board), Arc::clone(&key), house.daemon.socket().to_owned());
            spawn_as(VICTIM, move || validate(&board, number, &key, &socket))
        })
        .collect();
    let mut report = Report::default();
    {
        let _stopping = StopOnDrop(&board.stop);
        let (mut root, mut news) = (RawClient::greeted(house.daemon.socket()), News::begin());
        for _ in 0..cycles {
            wait_for_rounds(&board, 1);
            rights(&house, "inspect");
            reload(&mut root);
            let epoch = epoch(&mut root);
            // Every answer to a request of before the reload has been read by then.
            wait_for_rounds(&board, 2);
            report.violations += u64::from(board.latest.load(Ordering::SeqCst) >= epoch);
            report.cycles += 1;
            rights(&house, "validate");
            reload(&mut root);
            news.tell(|| report);
        }
    }
    threads.into_iter().for_each(|thread| thread.join().expect("a caller that was answered"));
    report.valid = board.valid.load(Ordering::SeqCst);
    report.not_permitted = board.not_permitted.load(Ordering::SeqCst);
    report
}

/// Validates until it is told to stop.
fn validate(board: &Board, number: usize, key: &ApiKey, socket: &Path) {
    let mut peer = RawClient::greeted(socket);
    let message = Validate::new(key.id(), key.digest());
    let asks: Vec<u8> = (1..=PIPELINED).flat_map(|id| request(Opcode::Validate, id, &message)).collect();
    while !board.stop.load(Ordering::Relaxed) {
        peer.send(&asks);
        for _ in 0..PIPELINED {
            let answer = peer.answer();
            if answer.status() == Status::NotPermitted {
                board.not_permitted.fetch_add(1, Ordering::Relaxed);
            } else {
                assert_eq!(answer.status(), Status::Ok);
                note(board, &codec::decode(&answer.body).expect("a verdict"));
            }
        }
        board.rounds[number].fetch_add(1, Ordering::SeqCst);
    }
}

fn note(board: &Board, verdict: &Verdict<'_>) {
    let Verdict::Valid(valid) = verdict else { panic!("the key is good: {verdict:?}") };
    board.latest.fetch_max(valid.freshness.epoch, Ordering::SeqCst);
    board.valid.fetch_add(1, Ordering::Relaxed);
}

/// Waits until every connection has had all answers of so many more writes.
fn wait_for_rounds(board: &Board, more: u64) {
    let deadline = Instant::now() + PATIENCE;
    for round in &board.rounds {
        let wanted = round.load(Ordering::SeqCst) + more;
        while round.load(Ordering::SeqCst) < wanted {
            assert!(Instant::now() < deadline, "a caller is not answered");
            thread::yield_now();
        }
    }
}

/// Gives the callers this right alone.
fn rights(house: &House, right: &str) {
    let text = format!("socket_mode = \"0666\"\n[rights]\n{right} = {{ users = [{VICTIM}] }}\n");
    let _path = house.scratch.write("apikeyd.toml", text);
}

fn reload(root: &mut RawClient) {
    assert_eq!(root.ask(Opcode::Reload, &Empty {}).status(), Status::Ok);
}

fn epoch(root: &mut RawClient) -> u64 {
    root.ask(Opcode::PolicyRows, &PolicyRows::new(0)).message::<PolicyPage>().epoch
}
