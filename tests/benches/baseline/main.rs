//! The daemon's figures, each beside a floor from the same run: `cargo bench -p apikeyd-tests --bench baseline`.
//!
//! | arguments | does |
//! |---|---|
//! | `[KEYS ...]` | socket, saves and restart, one store for each number of keys (without any: 1000) |
//! | `scale DIR KEYS` | start, memory and latency of a store of so many keys, which is made in `DIR` and kept |
//! | `idle CONNECTIONS` | wake-ups and memory of a daemon with so many idle connections |
//! | `epoch ROWS` | the first request after an epoch change, with a policy table of so many rows |
//! | `rate ...`, `fill ...`, `--echo ...` | the parts that `tests/bench/compare` drives, see `rate` |
//!
//! Rates are medians of rounds that take turns with the floor's rounds, so that a ratio holds although the
//! machine's speed drifts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and ends when it cannot go on"
)]

mod echo;
mod epoch;
mod floor;
mod idle;
mod load;
mod rate;
mod revoke;
mod scale;
mod stock;

use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use load::{Load, Shape};
use std::path::Path;
use std::time::{Duration, Instant};

/// Rounds of each side, and the length of one.
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(700);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [echo::FLAG, socket] => echo::serve(Path::new(socket)),
        [echo::BLOCKING_FLAG, socket] => echo::serve_blocking(Path::new(socket)),
        [revoke::FLAG, socket, keys] => revoke::cache_for_ever(Path::new(socket), Path::new(keys)),
        ["scale", dir, keys] => scale::run(Path::new(dir), keys.parse().unwrap()),
        ["epoch", rows] => epoch::run(rows.parse().unwrap()),
        ["idle", connections] => idle::run(connections.parse().unwrap()),
        ["fill", socket, keys, file] => {
            rate::write_filled(Path::new(socket), keys.parse().unwrap(), Path::new(file))
        }
        ["rate", what @ ..] => println!("{:.1}", rate::measure(what)),
        [] => store(1000),
        stores => stores.iter().for_each(|keys| store(keys.parse().expect("a number of keys"))),
    }
}

fn store(keys: u64) {
    println!("\n{keys} saved keys");
    let scratch = Scratch::new(Path::new(env!("CARGO_BIN_EXE_tour")));
    let daemon = Daemon::start(&scratch);
    let begun = Instant::now();
    let sample = rate::populate(daemon.socket(), keys);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "  saved through the socket, 8 connections x 64 callers   {:>10.0} keys/s",
        keys as f64 / seconds
    );

    let echo = echo::Echo::start(&scratch.path("echo.sock"));
    for (name, shape) in [
        ("one connection, one at a time", Shape { connections: 1, depth: 1 }),
        ("8 connections, 16 deep", Shape { connections: 8, depth: 16 }),
        ("8 connections, 64 deep", Shape { connections: 8, depth: 64 }),
    ] {
        let mut asked = Load::greeted(daemon.socket(), shape, &sample);
        let mut echoed = Load::bare(echo.socket(), shape, &sample);
        compare(name, || asked.round(ROUND), || echoed.round(ROUND));
    }
    for callers in ["1", "64"] {
        let rates: Vec<f64> =
            (0..3).map(|_| rate::saves(daemon.socket(), callers, Duration::from_secs(2))).collect();
        println!(
            "  durable save, {callers:>2} callers                              {:>10.0} saves/s",
            median(rates)
        );
    }
    restart(daemon, &scratch);
}

fn restart(daemon: Daemon, scratch: &Scratch) {
    daemon.kill();
    let begun = Instant::now();
    let daemon = Start::new(scratch).ready();
    println!(
        "  ready after SIGKILL                                    {:>10.1} ms",
        begun.elapsed().as_secs_f64() * 1e3
    );
    println!("  resident memory after the start        {:>26}", scale::resident(&daemon));
    let file = std::fs::metadata(scratch.database()).unwrap().len();
    println!(
        "  database file                                          {:>10.1} MiB",
        file as f64 / 1048576.0
    );
}

/// Rounds in turn; prints both medians and the median of the ratios.
fn compare(name: &str, mut daemon: impl FnMut() -> f64, mut floor: impl FnMut() -> f64) {
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (daemon(), floor())).collect();
    let ratio = median(rounds.iter().map(|(daemon, floor)| daemon / floor).collect());
    let [daemon, floor] = [
        median(rounds.iter().map(|round| round.0).collect()),
        median(rounds.iter().map(|round| round.1).collect()),
    ];
    println!("  validate, {name:<30} {daemon:>25.0} /s   tokio echo {floor:>9.0} /s   ratio {ratio:.2}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
