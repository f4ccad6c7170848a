//! Linearizability: many clients ask for the keys of few users at once, and for every window of the recorded history
//! there must be an order of its requests, one after the other, that explains every answer.
//!
//! Users do not depend on each other, so each user's history is searched by itself (`search`) against a sequential
//! daemon of a page (`model`). A window ends with all clients at rest and a change of every user's credentials, which
//! leaves nothing active and no draft: the next window begins from a state that is known, and memory stays bounded.

mod client;
mod history;
mod model;
mod options;
mod report;
mod search;

pub use history::{Answer, Call, Operation};
pub use options::Plan;
pub use report::Report;
pub use search::explain;

use crate::seeded::Seeded;
use apikeyd_kit::daemon::Start;
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::trial::{self, News};
use client::{Arena, Caller};
use history::Window;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Connections of one user are limited, and all clients of a run are the same one.
const CONFIGURATION: &str = "[limits]\nconnections_per_uid = 1024\n";

/// The program `linearizability`: fails when a history cannot be explained.
#[must_use]
pub fn main(plan: &Plan) -> ExitCode {
    trial::conduct(|scratch| run(scratch, plan), |report| report.is_clean() != plan.stale_verdict)
}

/// Runs the plan in a scratch directory.
#[must_use]
pub fn run(scratch: &Scratch, plan: &Plan) -> Report {
    let began = Instant::now();
    let configuration = scratch.write("apikeyd.toml", CONFIGURATION);
    let daemon = Start::new(scratch).arg("--config").arg(&configuration).ready();
    let arena = Arena::new(scratch, plan);
    let (sender, receiver) = sync_channel(1);
    let report = thread::scope(|scope| {
        let checker = scope.spawn(move || check_all(&receiver, plan));
        let mut random = Seeded::new(plan.seed);
        let mut callers: Vec<Caller<'_>> =
            (0..plan.clients).map(|number| Caller::new(&arena, scratch, number, random.split())).collect();
        let (mut operations, mut news) = (0, News::begin());
        while operations < plan.operations
            && plan.minutes.is_none_or(|minutes| began.elapsed() < Duration::from_secs(60 * minutes))
        {
            let window = record(&arena, &mut callers, plan);
            operations += window.operations();
            if sender.send(window).is_err() {
                break;
            }
            news.tell(|| format!("{operations} operations"));
        }
        drop(sender);
        checker.join().expect("the checker's report")
    });
    let hits = arena.cache_hits();
    assert!(daemon.stop().success());
    report.finished(began.elapsed(), hits)
}

/// All clients at once, each for its part of the window.
fn record(arena: &Arena, callers: &mut [Caller<'_>], plan: &Plan) -> Window {
    let mut window = Window::new(plan.users);
    arena.begin_window();
    let parts: Vec<Window> = thread::scope(|scope| {
        let running: Vec<_> =
            callers.iter_mut().map(|caller| scope.spawn(move || caller.call(plan.per_window))).collect();
        running.into_iter().map(|part| part.join().expect("a client's part")).collect()
    });
    parts.into_iter().for_each(|part| window.add(part));
    if let Some(caller) = callers.first_mut() {
        window.add(caller.end_all());
    }
    window
}

/// Explains windows until there are no more, or one that has no explanation.
fn check_all(windows: &Receiver<Window>, plan: &Plan) -> Report {
    let mut report = Report::default();
    for mut window in windows {
        if plan.stale_verdict {
            window.plant_stale_verdict();
        }
        for (user, history) in window.into_histories() {
            report.add(user, &history);
        }
        if !report.is_clean() {
            break;
        }
    }
    report
}
