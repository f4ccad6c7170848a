//! What the number of saved keys costs: start, memory, validation.

use super::load::{Load, Shape};
use super::stock::Stock;
use super::{ROUND, median};
use apikeyd_client::ApiKey;
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Starts of each kind.
const STARTS: usize = 3;

/// Rounds of each store, taking turns.
const ROUNDS: usize = 9;

/// Keys that the smaller stores and the "hot" rows ask for: all of them fit the daemon's memory.
const HOT: usize = 1000;

/// Compares a store of `keys` keys with one of 1,000, both in `dir`.
pub(crate) fn run(dir: &Path, keys: u64) {
    let begun = Instant::now();
    let (small, large) = (Stock::of(dir, 1000), Stock::of(dir, keys));
    println!("\n{keys} saved keys (store at hand after {:.0} s)", begun.elapsed().as_secs_f64());
    let file = std::fs::metadata(large.state_dir.join("apikeyd.redb")).unwrap().len();
    println!("  database file                          {:>10.0} MiB", file as f64 / 1048576.0);
    let scratch = scratch();
    starts(&scratch, &large);
    validations(&scratch, &small, &large);
}

fn scratch() -> Scratch {
    Scratch::new(Path::new(env!("CARGO_BIN_EXE_tour")))
}

fn start(scratch: &Scratch, state_dir: &Path, socket: PathBuf) -> Daemon {
    Start::new(scratch).state_dir(state_dir.to_owned()).socket(socket).ready()
}

/// Starts after a clean stop and after SIGKILL, with the file in the system's memory as a restart finds it.
fn starts(scratch: &Scratch, stock: &Stock) {
    for (name, kill) in [("a clean stop", false), ("SIGKILL", true)] {
        let mut times = Vec::new();
        for _ in 0..STARTS {
            let before = start(scratch, &stock.state_dir, scratch.socket());
            if kill {
                before.kill();
            } else {
                assert!(before.stop().success());
            }
            let begun = Instant::now();
            let daemon = start(scratch, &stock.state_dir, scratch.socket());
            times.push(begun.elapsed().as_secs_f64());
            println!("  resident right after the start         {:>10}", resident(&daemon));
        }
        println!("  serving after {name:<24} {:>10.2} s", median(times));
    }
}

/// Both stores at once, in turns.
fn validations(scratch: &Scratch, small: &Stock, large: &Stock) {
    let few = start(scratch, &small.state_dir, scratch.path("few.sock"));
    let many = start(scratch, &large.state_dir, scratch.path("many.sock"));
    let one = Shape { connections: 1, depth: 1 };
    let hot: Vec<ApiKey> = large.sample.iter().take(HOT).map(again).collect();
    for (name, sample) in [("the same 1,000 keys", &hot), ("keys all over the store", &large.sample)] {
        let mut loads =
            [Load::greeted(few.socket(), one, &small.sample), Load::greeted(many.socket(), one, sample)];
        let mut halves = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (load, medians) in loads.iter_mut().zip(&mut halves) {
                medians.push(load.median_latency(ROUND));
            }
        }
        let ratio = median(halves[0].iter().zip(&halves[1]).map(|(few, many)| many / few).collect());
        let [few, many] = halves.map(median);
        println!("  validate, {name:<28} p50 {many:>7.1} us   1,000 keys {few:>7.1} us   ratio {ratio:.2}");
    }
    println!("  resident after these validations       {:>10}", resident(&many));
}

fn again(key: &ApiKey) -> ApiKey {
    ApiKey::parse(key.expose().as_bytes()).unwrap()
}

/// Resident memory, as the kernel says it; with it the peak.
pub(crate) fn resident(daemon: &Daemon) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let value = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or_default() / 1024
    };
    format!("{} MiB (peak {} MiB)", value("VmRSS:"), value("VmHWM:"))
}
