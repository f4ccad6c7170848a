//! Validations that the client's cache answers: what a service pays that asks for the same keys again and again.
//!
//! One of them takes about as long as a look at the clock, so they are timed in batches.

use super::load::{End, Prepare, refused};
use super::measure::{Measured, died, histogram};
use super::plan::Plan;
use super::wire::{Wire, nanoseconds};
use crate::daemon::cached_client;
use crate::failure::Failure;
use apikeyd_client::{ApiKey, Client, Verdict};
use apikeyd_protocol::limit::MAX_IN_FLIGHT;
use hdrhistogram::Histogram;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// Validations that are timed together: a look at the clock, some 40 ns, then counts for less than a
/// hundredth of them.
pub(super) const BATCH: u32 = 100;

/// Saves the keys, puts them into one cache, and validates them on all threads.
pub(super) fn validations(plan: &Plan<'_>) -> Result<Measured, Failure> {
    let slots = u16::try_from(MAX_IN_FLIGHT).unwrap_or(1);
    let mut prepare = Prepare::new(&plan.users, plan.users.share(0, 1), slots, &plan.stop);
    Wire::connect(plan.connection)?.play(slots, &mut prepare)?;
    let keys = prepare.keys;
    let client = cached_client(plan.connection, keys.len())?;
    // Twice: the first validation of a key asks and keeps, and the first of all fetches what the cache needs.
    for key in keys.iter().chain(&keys) {
        if plan.stop.load(Ordering::Relaxed) {
            break;
        }
        validate(&client, key)?;
    }
    let before = client.cache_statistics();
    let began = Instant::now();
    let end = End { at: began + plan.time, stop: &plan.stop };
    let threads = usize::from(plan.connections);
    let found: Vec<Result<_, Failure>> = thread::scope(|scope| {
        let start = |number| {
            let first = number * keys.len() / threads;
            let (client, keys, end) = (&client, &keys, &end);
            scope.spawn(move || on_one_thread(client, keys, first, end))
        };
        let running: Vec<_> = (0..threads).map(start).collect();
        running.into_iter().map(|thread| thread.join().map_err(|_| died()).flatten()).collect()
    });
    let (mut time, mut latency) = (Duration::ZERO, histogram()?);
    for measured in found {
        let (took, batches) = measured?;
        time = time.max(took);
        latency.add(&batches).map_err(|error| Failure::internal(error.to_string()))?;
    }
    let after = client.cache_statistics();
    let [hits, misses] = [after.hits - before.hits, after.misses - before.misses];
    let hit_share = hits as f64 / (hits + misses).max(1) as f64;
    Ok(Measured { time, latency, batch: BATCH, hit_share: Some(hit_share) })
}

/// Validates the keys in turn from this one on; how long that went on, and how long each batch took.
fn on_one_thread(
    client: &Client,
    keys: &[ApiKey],
    first: usize,
    end: &End<'_>,
) -> Result<(Duration, Histogram<u64>), Failure> {
    let mut latency = histogram()?;
    let mut turns = keys.iter().cycle().skip(first);
    let began = Instant::now();
    let mut last = began;
    while !end.is_reached(last) {
        for _ in 0..BATCH {
            turns.next().map_or(Ok(()), |key| validate(client, key))?;
        }
        let now = Instant::now();
        latency.saturating_record(nanoseconds(now - last));
        last = now;
    }
    Ok((last - began, latency))
}

fn validate(client: &Client, key: &ApiKey) -> Result<(), Failure> {
    match client.validate(key)? {
        Verdict::Valid(_) => Ok(()),
        Verdict::Refused(_) => Err(refused()),
    }
}
