//! A daemon that nobody asks anything.

use super::load::{Load, Shape};
use super::rate::populate;
use super::scale::resident;
use apikeyd_client::Client;
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use std::path::Path;
use std::time::Duration;

/// How long the wake-ups are counted. The longest of the daemon's own periods is far shorter.
const WATCHED: Duration = Duration::from_secs(20);

/// Counts wake-ups with so many idle connections that have asked once.
pub(crate) fn run(connections: usize) {
    let scratch = Scratch::new(Path::new(env!("CARGO_BIN_EXE_tour")));
    let limits = format!("[limits]\nconnections = {0}\nconnections_per_uid = {0}\n", connections + 16);
    let config = scratch.write("apikeyd.toml", limits);
    let daemon = Start::new(&scratch).arg("--config").arg(config).ready();
    println!("\n{connections} idle connections");
    println!("  resident without connections           {:>26}", resident(&daemon));
    let sample = populate(daemon.socket(), 1000);
    let mut load = Load::greeted(daemon.socket(), Shape { connections, depth: 1 }, &sample);
    load.round(Duration::from_millis(1));
    println!("  wake-ups, no client caches             {:>10.2} a second", wakeups(&daemon));
    println!("  resident                               {:>26}", resident(&daemon));
    let caching = Client::builder().socket(daemon.socket()).build().unwrap();
    (0..2).for_each(|_| _ = caching.validate(&sample[0]).unwrap());
    println!("  wake-ups, one client caches            {:>10.2} a second", wakeups(&daemon));
}

/// Times a second that a thread of the daemon went to sleep, and so was woken.
fn wakeups(daemon: &Daemon) -> f64 {
    // What the last requests left to do is done within the first step of the housekeeping.
    std::thread::sleep(WATCHED / 2);
    let before = sleeps(daemon);
    std::thread::sleep(WATCHED);
    let after = sleeps(daemon);
    for (thread, count) in &after {
        let earlier = before.iter().find(|(other, _)| other == thread).map_or(0, |(_, count)| *count);
        println!("    {thread:<37} {:>8}", count - earlier);
    }
    let total = |counts: &[(String, u64)]| counts.iter().map(|(_, count)| count).sum::<u64>();
    (total(&after) - total(&before)) as f64 / WATCHED.as_secs_f64()
}

/// Each thread with how often it went to sleep.
fn sleeps(daemon: &Daemon) -> Vec<(String, u64)> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.pid())).unwrap();
    tasks
        .map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let value = |name| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
            let name = format!("{} {}", value("Name:"), value("Pid:"));
            (name, value("voluntary_ctxt_switches:").parse().unwrap())
        })
        .collect()
}
