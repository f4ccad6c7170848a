//! A client process: threads that validate the keys of all seats over and over, through one client with its cache.
//!
//! A thread notes when each validation *started*, before it asks the client, and keeps a key until it has been
//! refused by a validation that started after the end of the key was answered. Until then it remembers the last
//! start that was accepted, and compares it once the time of the end is on the board. So
//!
//! * nothing is missed: an acceptance that comes before the revoker has posted the end is compared afterwards;
//! * nothing is reported falsely: the end is posted with a time that the revoker read after it had the answer.

use super::board::{Board, Posted, SEATS};
use super::clock;
use super::found::Found;
use apikeyd_client::{ApiKey, Client, Error, Operation, Verdict};
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread;
use std::time::Duration;

/// Time for one request: a daemon that is away must not hold a thread up, which has other keys in its cache.
const TIMEOUT: Duration = Duration::from_millis(200);

/// Runs until standard input ends, then prints one line: `SOCKET BOARD THREADS CHECKS` are its arguments.
#[must_use]
pub(super) fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [socket, board, threads, checks] = arguments.as_slice() else { return ExitCode::from(2) };
    let board = Board::open(Path::new(board)).expect("the board");
    let client = Client::builder().socket(socket).timeout(TIMEOUT).build().expect("a client");
    let threads: usize = threads.parse().expect("a number of threads");
    let checks: u32 = checks.parse().expect("a number of checks");
    let found = validate_until_told(&board, &client, threads, checks);
    #[allow(clippy::print_stdout, reason = "what the process that started this one reads")]
    {
        println!("{}", found.to_line().expect("a line"));
    }
    ExitCode::SUCCESS
}

fn validate_until_told(board: &Board, client: &Client, threads: usize, checks: u32) -> Found {
    let stop = AtomicBool::new(false);
    let mut together = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|number| {
                let stop = &stop;
                scope.spawn(move || Validator::new(board, client, number, checks).run(stop))
            })
            .collect();
        // Ends also with the process at the other end, so that no client outlives a test that was killed.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        stop.store(true, Ordering::Relaxed);
        let mut together = Found::default();
        running.into_iter().for_each(|thread| together.add(thread.join().expect("a thread's findings")));
        together
    });
    together.hits = client.cache_statistics().hits;
    together
}

struct Validator<'a> {
    board: &'a Board,
    client: &'a Client,
    /// Every second thread asks for an operation, too.
    operation: bool,
    /// Validations of a key in a row.
    checks: u32,
    found: Found,
}

/// A key in the hands of a thread.
struct Held {
    posted: Posted,
    key: ApiKey,
    user: String,
    last_accepted: Option<u64>,
    was_refused: bool,
    /// Whether the cache may answer for it: it was accepted, and has no date before which the daemon is asked.
    may_be_cached: bool,
}

impl<'a> Validator<'a> {
    fn new(board: &'a Board, client: &'a Client, number: usize, checks: u32) -> Self {
        Self { board, client, operation: number % 2 == 1, checks, found: Found::default() }
    }

    fn run(mut self, stop: &AtomicBool) -> Found {
        let mut seats: Vec<Option<Held>> = (0..SEATS).map(|_| None).collect();
        let mut seen = [None; SEATS];
        while !stop.load(Ordering::Relaxed) {
            for (seat, (place, seen)) in seats.iter_mut().zip(&mut seen).enumerate() {
                if place.is_none() {
                    *place = self.take(seat, seen);
                }
                if let Some(held) = place.take() {
                    *place = self.validate_in_a_row(held);
                }
            }
        }
        // The revoker has posted every end before it said stop.
        seats.iter().flatten().for_each(|held| {
            self.is_violated(held);
        });
        self.found
    }

    /// The key of a seat, if it is not the one that this thread had last.
    fn take(&self, seat: usize, seen: &mut Option<Posted>) -> Option<Held> {
        let posted = self.board.on_seat(seat).filter(|posted| *seen != Some(*posted))?;
        *seen = Some(posted);
        let (key, user) = (self.board.key(posted), super::user_of(seat));
        Some(Held { posted, key, user, last_accepted: None, was_refused: false, may_be_cached: false })
    }

    /// Validates as often as is told, and gives the key back unless this thread is through with it. What the daemon
    /// is asked for is asked once: else that would take all the time, and the cache would hardly be tried.
    fn validate_in_a_row(&mut self, held: Held) -> Option<Held> {
        let mut held = self.validate(held)?;
        for _ in 1..self.checks {
            if !held.may_be_cached {
                break;
            }
            held = self.validate(held)?;
        }
        Some(held)
    }

    /// Validates once, and gives the key back unless this thread is through with it.
    fn validate(&mut self, mut held: Held) -> Option<Held> {
        let started = clock::now();
        fence(Ordering::SeqCst);
        held.may_be_cached = false;
        match self.ask(&held.key) {
            Ok(Verdict::Valid(valid)) => {
                self.found.accepted += 1;
                held.last_accepted = Some(started);
                held.may_be_cached = valid.expires_at.is_none();
                if valid.user.as_str() != held.user {
                    self.found.accepted_for_another += 1;
                    self.found.tell(|| format!("the key of {} was accepted for {}", held.user, valid.user));
                }
                if held.was_refused {
                    self.found.accepted_after_refusal += 1;
                    self.found.tell(|| format!("{} of {} came back", held.key.id(), held.user));
                    return None;
                }
                (!self.is_violated(&held)).then_some(held)
            }
            Ok(Verdict::Refused(_)) => {
                self.found.refused += 1;
                held.was_refused = true;
                let is_over = self.board.ended_at(held.posted).is_some_and(|ended| started > ended);
                if is_over && !self.is_violated(&held) && held.last_accepted.is_some() {
                    self.found.ends_seen += 1;
                }
                (!is_over).then_some(held)
            }
            Err(_) => {
                self.found.unanswered += 1;
                Some(held)
            }
        }
    }

    fn ask(&self, key: &ApiKey) -> Result<Verdict, Error> {
        if self.operation {
            self.client.authorize(key, Operation::new("GET", "/api/orders/17?page=2"))
        } else {
            self.client.validate(key)
        }
    }

    /// Whether a validation accepted this key that had started after its end was answered, as far as the end is
    /// known; then it is counted.
    fn is_violated(&mut self, held: &Held) -> bool {
        let (Some(started), Some(ended)) = (held.last_accepted, self.board.ended_at(held.posted)) else {
            return false;
        };
        let is_violated = started > ended;
        if is_violated {
            self.found.accepted_after_end += 1;
            let late = started.saturating_sub(ended);
            self.found.tell(|| {
                format!("{} of {} was accepted by a validation that started {late} ns after the answer to its end",
                    held.key.id(), held.user)
            });
        }
        is_violated
    }
}
