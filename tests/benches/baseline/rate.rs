//! One figure of one side, for a script that lets several programs take turns: so many a second.
//!
//! | arguments after `rate` | measures |
//! |---|---|
//! | `validate SOCKET KEYS CONNECTIONS DEPTH MS` | the daemon, requests made beforehand |
//! | `operation SOCKET KEYS CONNECTIONS DEPTH MS` | the same with the policy's verdict |
//! | `echo SOCKET KEYS CONNECTIONS DEPTH MS` | an echo, with the same bytes |
//! | `blocking SOCKET KEYS MS` | the daemon through the blocking client, its cache off |
//! | `cached SOCKET KEYS THREADS MS` | the blocking client's cache |
//! | `cached-operation SOCKET KEYS THREADS MS` | the same with the policy's verdict |
//! | `save SOCKET CALLERS MS` | generate and save, each durable |
//! | `revoke SOCKET KEYS CLIENTS MS` | delete, answered, while so many processes cache |
//! | `blake3 MS`, `siphash MS` | one keyed hash of 54 bytes |
//! | `sync FILE MS` | 4 KiB written over and synced, in a file that is made for it |
//!
//! `KEYS` is a file that `fill SOCKET COUNT FILE` made.

use super::load::{Load, Shape};
use super::{floor, revoke};
use apikeyd_client::{ApiKey, Client, Generated, Operation};
use apikeyd_kit::ctl::Ctl;
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::filling::fill;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// What every operation row asks for; the shipped table allows it.
pub(crate) const OPERATION: (&str, &str) = ("GET", "/api/file/17?download=1");

/// Keys that are kept for asking: enough to miss the processor's caches, as real users would.
const SAMPLE: u64 = 20_480;

/// Saves keys through the socket, and gives some of them, spread evenly.
pub(crate) fn populate(socket: &Path, keys: u64) -> Vec<ApiKey> {
    let stride = keys.div_ceil(SAMPLE).max(1);
    let name = |number| format!("user-{number}@example.com");
    let sampled = move |number: u64, draft: Generated| number.is_multiple_of(stride).then_some(draft.key);
    let mut sample = fill(socket, keys, name, sampled);
    // A small store is asked for the same keys again and again.
    let distinct = sample.len();
    for at in 0..usize::try_from(SAMPLE).unwrap().saturating_sub(distinct) {
        sample.push(ApiKey::parse(sample[at % distinct].expose().as_bytes()).unwrap());
    }
    sample
}

/// Durable saves per second by that many callers, each on its own connection, who replace the key of a user of their own one after
/// the other: `apikeyctl bench` measures them.
pub(crate) fn saves(socket: &Path, callers: &str, length: Duration) -> f64 {
    let scratch = Scratch::new(Path::new(env!("CARGO_BIN_EXE_tour")));
    let seconds = length.as_secs().max(1).to_string();
    let run = Ctl::new(&scratch).at(socket).run([
        "--json",
        "bench",
        "--mode",
        "save",
        "--connections",
        callers,
        "--pipeline",
        "1",
        "--seconds",
        &seconds,
    ]);
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    report["requests_per_second"].as_f64().unwrap()
}

/// Saves keys through the socket and writes a sample of them down.
pub(crate) fn write_filled(socket: &Path, count: u64, file: &Path) {
    let mut file = BufWriter::new(File::create(file).unwrap());
    for key in populate(socket, count) {
        writeln!(file, "{}", key.expose()).unwrap();
    }
    file.flush().unwrap();
}

/// The keys of such a file.
pub(crate) fn keys(file: &Path) -> Vec<ApiKey> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| ApiKey::parse(line.as_bytes()).unwrap()).collect()
}

/// Measures what the words say.
///
/// # Panics
/// When they say nothing known, or when what is measured fails.
pub(crate) fn measure(words: &[&str]) -> f64 {
    match *words {
        ["validate", socket, keys, connections, depth, ms] => {
            Load::greeted(Path::new(socket), shape(connections, depth), &sample(keys)).round(millis(ms))
        }
        ["operation", socket, keys, connections, depth, ms] => {
            Load::with_operation(Path::new(socket), shape(connections, depth), &sample(keys), OPERATION)
                .round(millis(ms))
        }
        ["echo", socket, keys, connections, depth, ms] => {
            Load::bare(Path::new(socket), shape(connections, depth), &sample(keys)).round(millis(ms))
        }
        ["blocking", socket, keys, ms] => blocking(Path::new(socket), &sample(keys), millis(ms)),
        ["cached", socket, keys, threads, ms] => {
            cached(Path::new(socket), &sample(keys), number(threads), millis(ms), false)
        }
        ["cached-operation", socket, keys, threads, ms] => {
            cached(Path::new(socket), &sample(keys), number(threads), millis(ms), true)
        }
        ["save", socket, callers, ms] => saves(Path::new(socket), callers, millis(ms)),
        ["revoke", socket, keys, clients, ms] => {
            revoke::round(Path::new(socket), Path::new(keys), number(clients), millis(ms))
        }
        ["sync", file, ms] => floor::sync(Path::new(file), millis(ms)),
        ["blake3", ms] => floor::blake3(millis(ms)),
        ["siphash", ms] => floor::siphash(millis(ms)),
        _ => panic!("nothing known to measure: {words:?}"),
    }
}

fn blocking(socket: &Path, keys: &[ApiKey], length: Duration) -> f64 {
    let client = Client::builder().socket(socket).cache(false).build().unwrap();
    let mut turns = keys.iter().cycle();
    let begun = std::time::Instant::now();
    let mut asked = 0_u32;
    while begun.elapsed() < length {
        assert!(client.validate(turns.next().unwrap()).unwrap().valid().is_some());
        asked += 1;
    }
    f64::from(asked) / begun.elapsed().as_secs_f64()
}

fn cached(socket: &Path, keys: &[ApiKey], threads: usize, length: Duration, operation: bool) -> f64 {
    let client = Client::builder().socket(socket).build().unwrap();
    let validate = |key: &ApiKey| {
        let verdict = match operation {
            true => client.authorize(key, Operation::new(OPERATION.0, OPERATION.1)),
            false => client.validate(key),
        };
        assert!(verdict.unwrap().valid().is_some());
    };
    // Twice: the first makes the entries, the second finds out whether they stay.
    keys.iter().chain(keys).for_each(validate);
    let before = client.cache_statistics().misses;
    let rates: f64 = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut turns = keys.iter().cycle().skip(thread * keys.len() / threads);
                    floor::rate(length, || validate(turns.next().unwrap()))
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let misses = client.cache_statistics().misses - before;
    assert!(misses as f64 <= rates * length.as_secs_f64() / 100.0, "{misses} misses: this is not the cache");
    rates
}

fn sample(file: &str) -> Vec<ApiKey> {
    keys(Path::new(file))
}

fn shape(connections: &str, depth: &str) -> Shape {
    Shape { connections: number(connections), depth: number(depth) }
}

fn number(text: &str) -> usize {
    text.parse().unwrap()
}

fn millis(text: &str) -> Duration {
    Duration::from_millis(text.parse().unwrap())
}
