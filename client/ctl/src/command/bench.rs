//! `bench`: measures a running daemon from outside, over connections of its own.
//!
//! The frames are made here, not by the client library: what is measured is the daemon, so the measuring side
//! does as little as it can. Each connection has a thread, which keeps a fixed number of requests in flight.
//! Only `cached` measures the client library: its cache.

mod cached;
mod load;
mod measure;
mod plan;
mod users;
mod wire;

use crate::arguments::{BenchArguments, BenchMode};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::request::Connection;
use measure::Measured;
use plan::Plan;
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use users::Users;

/// With a smaller part of the validations from the cache the figures are those of the daemon.
const HOT: f64 = 0.9;

/// The answer of `bench`, see JSON.md.
#[derive(Serialize)]
struct BenchObject {
    mode: &'static str,
    connections: u16,
    pipeline: u16,
    keys: u32,
    seconds: f64,
    requests: u64,
    requests_per_second: f64,
    batch: u32,
    latency_us: LatencyObject,
    hit_share: Option<f64>,
}

#[derive(Serialize)]
struct LatencyObject {
    p50: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

pub(super) fn run(
    connection: &Connection,
    arguments: &BenchArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let slots = u32::from(arguments.connections) * u32::from(arguments.pipeline);
    let keys = match arguments.mode {
        BenchMode::Validate => arguments.keys.max(u32::from(arguments.connections)),
        BenchMode::Cached => arguments.keys,
        BenchMode::Save => slots,
    };
    let plan = Plan {
        connection,
        users: Users::new(keys),
        connections: arguments.connections,
        pipeline: arguments.pipeline,
        time: Duration::from_secs(arguments.seconds.into()),
        stop: stop_on_signals()?,
    };
    output.note(format!("measuring for {} s with the users {}", arguments.seconds, plan.users));
    let measured = match arguments.mode {
        BenchMode::Validate => measure::validations(&plan),
        BenchMode::Cached => cached::validations(&plan),
        BenchMode::Save => measure::saves(&plan),
    };
    // Whatever happened before: the users must go.
    let left = measure::remove(&plan).err().map(|failure| {
        let advice =
            format!("keys of the users {} may be left: `apikeyctl delete-user` ends them", plan.users);
        (failure, advice)
    });
    let measured = match (measured, left) {
        (Ok(measured), None) => measured,
        (Err(failure), None) => return Err(failure),
        (Ok(_), Some((failure, advice))) | (Err(failure), Some((_, advice))) => {
            return Err(failure.with_advice(advice));
        }
    };
    if plan.stop.load(Ordering::Relaxed) {
        return Err(Failure::new(
            Exit::Interrupted { signal: SIGINT },
            "interrupted; the users of the measurement are gone",
        ));
    }
    report(&measured, arguments, keys, output)
}

/// The first signal asks to stop, and the users are removed; the second ends at once.
fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|error| Failure::internal(format!("cannot listen for signals: {error}")))?;
    }
    Ok(stop)
}

fn report(
    measured: &Measured,
    arguments: &BenchArguments,
    keys: u32,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let object = BenchObject {
        mode: match arguments.mode {
            BenchMode::Validate => "validate",
            BenchMode::Cached => "cached",
            BenchMode::Save => "save",
        },
        connections: arguments.connections,
        pipeline: arguments.pipeline,
        keys,
        seconds: measured.time.as_secs_f64(),
        requests: measured.requests(),
        requests_per_second: measured.per_second(),
        batch: measured.batch,
        latency_us: LatencyObject {
            p50: measured.latency_us(0.5),
            p99: measured.latency_us(0.99),
            p999: measured.latency_us(0.999),
            max: measured.latency_us(1.0),
        },
        hit_share: measured.hit_share,
    };
    if output.is_json() {
        output.object(&object)?;
        return Ok(Exit::Done);
    }
    print(&object, output)?;
    Ok(Exit::Done)
}

fn print(object: &BenchObject, output: &mut Output) -> Result<(), Failure> {
    let BenchObject { mode, connections, pipeline, keys, seconds, batch, hit_share, .. } = object;
    let LatencyObject { p50, p99, p999, max } = object.latency_us;
    let per_second = format!("requests/s    {:.0}", object.requests_per_second);
    let Some(hit_share) = hit_share else {
        output.line(format!(
            "{mode}: {keys} keys, {connections} connections, {pipeline} in flight on each, {seconds:.1} s"
        ))?;
        output.line(per_second)?;
        output.line(format!(
            "latency       p50 {p50:.1} us, p99 {p99:.1} us, p99.9 {p999:.1} us, max {max:.1} us"
        ))?;
        return Ok(());
    };
    output.line(format!("{mode}: {keys} keys, {connections} threads, {seconds:.1} s"))?;
    output.line(per_second)?;
    output.line(format!("from cache    {:.2} %", hit_share * 100.0))?;
    let [p50, p99, p999, max] = [p50, p99, p999, max].map(|us| us * 1000.0);
    output.line(format!(
        "latency       p50 {p50:.0} ns, p99 {p99:.0} ns, p99.9 {p999:.0} ns, max {max:.0} ns: means of batches of {batch}"
    ))?;
    if *hit_share < HOT {
        output.note("most of this was not the cache but the daemon; where it has no revocation page, its log says why");
    }
    Ok(())
}
