//! The threads of a measurement, and what they found together.

use super::load::{self, End, Prepare, Remove, Saves, Validations};
use super::plan::Plan;
use super::wire::Wire;
use crate::failure::Failure;
use apikeyd_protocol::limit::MAX_IN_FLIGHT;
use hdrhistogram::Histogram;
use std::sync::Barrier;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// Connections that remove users; more do not make the daemon's disk faster.
const REMOVING_CONNECTIONS: u16 = 8;
/// The longest latency that is told apart, in nanoseconds: one minute.
const LONGEST: u64 = 60_000_000_000;
/// Latencies are true to three digits.
const DIGITS: u8 = 3;

/// What was measured.
pub(super) struct Measured {
    /// From the first request to the last answer.
    pub(super) time: Duration,
    /// Nanoseconds that each batch took.
    pub(super) latency: Histogram<u64>,
    /// Requests that were timed together: more than one where a look at the clock would take as long as they do.
    pub(super) batch: u32,
    /// The part of the requests that a cache answered, if there was one.
    pub(super) hit_share: Option<f64>,
}

impl Measured {
    /// Of requests that were timed one by one, and answered by the daemon.
    fn one_by_one(time: Duration, latency: Histogram<u64>) -> Self {
        Self { time, latency, batch: 1, hit_share: None }
    }

    /// Answers.
    pub(super) fn requests(&self) -> u64 {
        self.latency.len() * u64::from(self.batch)
    }

    /// Answers in each second.
    pub(super) fn per_second(&self) -> f64 {
        self.requests() as f64 / self.time.as_secs_f64()
    }

    /// The time within which this part of the requests was answered, in microseconds; of batches the mean of
    /// their requests.
    pub(super) fn latency_us(&self, part: f64) -> f64 {
        self.latency.value_at_quantile(part) as f64 / f64::from(self.batch) / 1000.0
    }
}

/// Saves the keys, then validates them.
pub(super) fn validations(plan: &Plan<'_>) -> Result<Measured, Failure> {
    on_every_connection(plan, |worker, wire, start| {
        let slots = u16::try_from(MAX_IN_FLIGHT).unwrap_or(1);
        let share = plan.users.share(worker, plan.connections);
        let mut prepare = Prepare::new(&plan.users, share, slots, &plan.stop);
        let requests = wire
            .play(slots, &mut prepare)
            .and_then(|()| prepare.keys.iter().map(load::validation).collect::<Result<Vec<_>, _>>());
        let began = start.wait(requests.is_err(), plan);
        let mut script = Validations {
            keys: &requests?,
            next: 0,
            sent: vec![began; plan.pipeline.into()],
            end: End { at: began + plan.time, stop: &plan.stop },
            latency: histogram()?,
        };
        wire.play(plan.pipeline, &mut script)?;
        Ok(Measured::one_by_one(began.elapsed(), script.latency))
    })
}

/// Generates and saves.
pub(super) fn saves(plan: &Plan<'_>) -> Result<Measured, Failure> {
    on_every_connection(plan, |worker, wire, start| {
        let first_user = u32::from(worker) * u32::from(plan.pipeline);
        let began = start.wait(false, plan);
        let end = End { at: began + plan.time, stop: &plan.stop };
        let mut script = Saves::new(&plan.users, first_user, plan.pipeline, end, histogram()?);
        wire.play(plan.pipeline, &mut script)?;
        Ok(Measured::one_by_one(began.elapsed(), script.latency))
    })
}

/// Removes the users, those that were never made included.
pub(super) fn remove(plan: &Plan<'_>) -> Result<(), Failure> {
    let workers = plan.connections.min(REMOVING_CONNECTIONS);
    let slots = u16::try_from(MAX_IN_FLIGHT).unwrap_or(1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || {
                    let mut script = Remove { users: &plan.users, left: plan.users.share(worker, workers) };
                    Wire::connect(plan.connection)?.play(slots, &mut script)
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| died())?)
    })
}

/// Lets all connections begin to measure at the same time.
struct Start(Barrier);

impl Start {
    /// Waits for the others. Whoever failed comes here, too, so that nobody waits for ever, and stops all.
    fn wait(&self, failed: bool, plan: &Plan<'_>) -> Instant {
        if failed {
            plan.stop.store(true, Ordering::Relaxed);
        }
        self.0.wait();
        Instant::now()
    }
}

fn on_every_connection(
    plan: &Plan<'_>,
    work: impl Fn(u16, &mut Wire, &Start) -> Result<Measured, Failure> + Sync,
) -> Result<Measured, Failure> {
    let mut wires: Vec<Wire> =
        (0..plan.connections).map(|_| Wire::connect(plan.connection)).collect::<Result<_, _>>()?;
    let start = Start(Barrier::new(wires.len()));
    let (work, start) = (&work, &start);
    let found: Vec<Result<Measured, Failure>> = thread::scope(|scope| {
        let threads: Vec<_> = (0_u16..)
            .zip(&mut wires)
            .map(|(worker, wire)| scope.spawn(move || work(worker, wire, start)))
            .collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| died()).flatten()).collect()
    });
    let mut together = Measured::one_by_one(Duration::ZERO, histogram()?);
    for measured in found {
        let measured = measured?;
        together.time = together.time.max(measured.time);
        together.latency.add(&measured.latency).map_err(|error| Failure::internal(error.to_string()))?;
    }
    Ok(together)
}

/// For times in nanoseconds.
pub(super) fn histogram() -> Result<Histogram<u64>, Failure> {
    Histogram::new_with_bounds(1, LONGEST, DIGITS).map_err(|error| Failure::internal(error.to_string()))
}

/// A thread panicked.
pub(super) fn died() -> Failure {
    Failure::internal("a thread of the measurement died")
}
