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
use super::{floor, populate, revoke, save};
use apikeyd_client::{ApiKey, Client, Operation};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// What every operation row asks for; the shipped table allows it.
pub(crate) const OPERATION: (&str, &str) = ("GET", "/api/file/17?download=1");

/// Saves keys through the socket and writes a sample of them down.
pub(crate) fn fill(socket: &Path, count: u64, file: &Path) {
    let mut file = BufWriter::new(File::create(file).unwrap());
    for key in populate::populate(socket, count) {
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
        ["save", socket, callers, ms] => save::round(Path::new(socket), callers.parse().unwrap(), millis(ms)),
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
