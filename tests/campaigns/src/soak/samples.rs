//! What the daemon's process and its files use.

use super::load::Load;
use super::verdict::median;
use crate::hostile::vitals::Vitals;
use apikeyd_kit::daemon::Daemon;
use apikeyd_kit::scratch::Scratch;
use std::fmt;
use std::path::PathBuf;

/// What one slot came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slot {
    /// Resident memory, median, in MiB.
    pub(super) memory: f64,
    /// Open descriptors, median.
    pub(super) descriptors: f64,
    /// Size of the database's file at the end, in MiB.
    pub(super) file: f64,
    /// The same over the size of the last backup, which holds the same data without free space.
    pub(super) spread: Option<f64>,
    /// Time of an uncached validation, median and 99 in 100, in microseconds.
    pub(super) p50: Option<f64>,
    pub(super) p99: Option<f64>,
    /// Answered requests of all kinds, those from caches not counted.
    pub(super) requests: u64,
}

/// Reads `/proc` and the state directory.
pub(super) struct Sampler {
    database: PathBuf,
    memory: Vec<f64>,
    descriptors: Vec<f64>,
    slots: Vec<Slot>,
}

impl Sampler {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self { database: scratch.database(), memory: Vec::new(), descriptors: Vec::new(), slots: Vec::new() }
    }

    pub(super) fn sample(&mut self, daemon: &Daemon) {
        let vitals = Vitals::of(daemon.pid());
        self.memory.push(mebi(vitals.resident_kib() * 1024));
        let open = vitals.descriptors().expect("the daemon's descriptors");
        self.descriptors.push(number(open as u64));
    }

    /// Ends a slot.
    pub(super) fn close_slot(&mut self, load: &Load) -> Slot {
        let bytes = std::fs::metadata(&self.database).expect("the database").len();
        let (latency, requests) = (load.take_latency(), load.counts.take_slot());
        let micros =
            |quantile| (!latency.is_empty()).then(|| number(latency.value_at_quantile(quantile)) / 1e3);
        let slot = Slot {
            memory: median(std::mem::take(&mut self.memory)),
            descriptors: median(std::mem::take(&mut self.descriptors)),
            file: mebi(bytes),
            spread: load.last_backup().map(|backup| mebi(bytes) / mebi(backup)),
            p50: micros(0.5),
            p99: micros(0.99),
            requests,
        };
        self.slots.push(slot);
        slot
    }

    pub(super) fn into_slots(self) -> Vec<Slot> {
        self.slots
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory, descriptors, file, spread, p50, p99, requests } = self;
        let [spread, p50, p99] = [spread, p50, p99].map(|measured| measured.unwrap_or(f64::NAN));
        write!(
            f,
            "{memory:6.1} MiB resident, {descriptors:3.0} descriptors, file {file:6.1} MiB = {spread:.2} × backup, \
             validation p50 {p50:.0} µs, p99 {p99:.0} µs, {requests} requests"
        )
    }
}

fn mebi(bytes: u64) -> f64 {
    number(bytes) / (1024.0 * 1024.0)
}

/// A count as a number that can be divided; exact to 2^53.
#[allow(clippy::cast_precision_loss, reason = "nothing here comes near 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}
