//! The campaign of power cuts.
//!
//! ```text
//!   seed ─► workload ─► Service ─► redb ─► simulated disk ──cut──► an image of many possible ones
//!             │            ▲                                            │
//!             └► model ────┴── inspection ◄── start ◄── up to three more cuts while it recovers
//! ```
//!
//! The service is the daemon's own, with all its logic; only the socket is missing. It writes on the thread that
//! asks, and draws its random bytes from the seed, so a seed repeats a run to the byte.
//!
//! | module | holds |
//! |---|---|
//! | `disk`, `image` | what is on a disk, and what a cut leaves of it |
//! | `model` | what should be stored and answered |
//! | `site` | service, disk and model together |
//! | `workload` | what happens |
//! | `inspection` | the promises |
//! | `panics` | noticing those that somebody caught |
//! | `long` | the binary |

pub(crate) mod disk;
mod image;
pub(crate) mod inspection;
pub mod long;
pub(crate) mod panics;
pub(crate) mod site;
pub(crate) mod turns;
pub(crate) mod workload;

use crate::seeded::Seeded;
use disk::SimulatedDisk;
use inspection::{Broken, check_database};
use site::Site;
use workload::Workload;

/// Cuts during recovery at the most.
const MAX_RECOVERY_CUTS: u64 = 3;

/// The disk of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    /// Do what they say.
    Honest,
    /// Do nothing: a fault that the campaign must find.
    Lying,
}

/// What runs have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs.
    pub seeds: u64,
    /// Power cuts while the daemon served.
    pub cuts: u64,
    /// Power cuts while it recovered.
    pub recovery_cuts: u64,
    /// Changes that were acknowledged before a cut.
    pub acknowledged: u64,
    /// Cuts that left a change in doubt.
    pub in_doubt: u64,
    /// A digest of all that was written to the disks.
    pub trace: u64,
}

/// A run that broke a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Repeats it.
    pub seed: u64,
    /// What was broken.
    pub what: String,
}

/// One run.
///
/// # Errors
/// [`Failure`], the promise that was broken.
pub fn run(seed: u64, syncs: Syncs) -> Result<Tally, Failure> {
    panics::none_in(|| Run::new(seed, syncs).go()).map_err(|what| Failure { seed, what })
}

struct Run {
    seeded: Seeded,
    site: Site,
    workload: Workload,
    tally: Tally,
}

impl Run {
    fn new(seed: u64, syncs: Syncs) -> Self {
        let mut seeded = Seeded::new(seed);
        let mut site = Site::new(SimulatedDisk::new(), seed);
        if seeded.one_in(4) {
            site.cache_bytes = 0;
        }
        if syncs == Syncs::Lying {
            site.disk.lie();
        }
        let workload = Workload::new(&mut seeded);
        Self { seeded, site, workload, tally: Tally { seeds: 1, ..Tally::default() } }
    }

    fn go(mut self) -> Result<Tally, Broken> {
        self.work_until_cut()?;
        self.cut();
        self.tally.cuts += 1;
        self.tally.in_doubt += u64::from(self.site.candidates.len() > 1);
        self.tally.acknowledged = self.site.acknowledged;
        for _ in 0..self.seeded.below(MAX_RECOVERY_CUTS + 1) {
            let calls = 1 + self.seeded.below(24);
            self.site.disk.cut_at(calls);
            let started = self.site.start();
            if let Err(error) = started
                && !self.site.disk.is_cut()
            {
                return Err(format!("the store does not open after a cut: {error}"));
            }
            self.cut();
            self.tally.recovery_cuts += 1;
        }
        self.site.start().map_err(|error| format!("the store does not open after a cut: {error}"))?;
        self.site.inspect()?;
        self.site.repeat_all()?;
        self.go_on()?;
        Ok(self.tally)
    }

    /// The cut comes at some call of the disk, or between two when all steps are done before.
    fn work_until_cut(&mut self) -> Result<(), Broken> {
        let steps = 3 + self.seeded.below(22);
        self.site.disk.cut_at(1 + self.seeded.below(8 + steps * 12));
        if let Err(error) = self.site.start() {
            return if self.site.disk.is_cut() { Ok(()) } else { Err(format!("no start: {error}")) };
        }
        let world = self.site.candidates[0].clone();
        self.site.settle(world);
        for _ in 0..steps {
            self.workload.step(&mut self.site)?;
            if self.site.disk.is_cut() {
                break;
            }
        }
        Ok(())
    }

    /// The power goes, and comes back after a while.
    fn cut(&mut self) {
        self.site.disk.cut();
        self.site.drop_service();
        self.tally.trace = self.tally.trace.rotate_left(7) ^ self.site.disk.trace();
        self.site.disk = self.site.disk.after_cut(&mut self.seeded);
        self.site.advance(std::time::Duration::from_secs(self.seeded.below(100)));
        if self.seeded.one_in(8) {
            self.site.policy = usize::try_from(self.seeded.below(3)).unwrap_or(0);
        }
    }

    /// The store that came through serves as before, and can be closed.
    fn go_on(&mut self) -> Result<(), Broken> {
        for _ in 0..2 {
            self.workload.step(&mut self.site)?;
        }
        self.site.close().map_err(|error| format!("the service was not closed: {error}"))?;
        check_database(&self.site.disk, true)?;
        self.site.start().map_err(|error| format!("the store does not open after a close: {error}"))?;
        self.site.inspect()?;
        self.site.drop_service();
        self.tally.trace = self.tally.trace.rotate_left(7) ^ self.site.disk.trace();
        Ok(())
    }
}
