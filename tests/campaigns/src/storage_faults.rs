//! The campaign of failing disks.
//!
//! The workload, the model and the promises are those of `power_loss`; but here a call of the disk fails while the
//! daemon goes on: reads, writes, growth, syncs, once or until the disk is mended. Then
//!
//! * no change is acknowledged that is not stored, and a failed one is stored whole or not at all;
//! * a change says `StorageUnavailable`, a validation gives the right verdict or none;
//! * once the disk is mended, housekeeping alone brings everything back;
//! * and what the daemon then holds survives a power cut.

pub mod long;

use crate::power_loss::Failure;
use crate::power_loss::disk::{self, Call, Fault, SimulatedDisk};
use crate::power_loss::inspection::{Broken, check_database};
use crate::power_loss::panics;
use crate::power_loss::site::{RETENTION, Site};
use crate::power_loss::workload::Workload;
use crate::seeded::Seeded;
use apikeyd::operations::ErrorKind;
use apikeyd_kit::life::{Action, World};
use apikeyd_kit_service::{peer, permit};
use apikeyd_protocol::message::StoreState;
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::CredentialsCause;
use clap::ValueEnum;

/// What fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A write: `EIO`.
    WriteIo,
    /// A write or a growth: `ENOSPC`.
    DiskFull,
    /// A write after a part of it: `ENOSPC`.
    ShortWrite,
    /// A change of the file's length: `EIO`.
    SetLenIo,
    /// A sync: `EIO`.
    SyncIo,
    /// A sync: `EIO`, and some pages will never be written.
    SyncDropsPages,
    /// A read: `EIO`.
    ReadIo,
}

/// What runs have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs.
    pub seeds: u64,
    /// Faults that were met.
    pub faults: u64,
    /// Times that changes were refused, and accepted again after the mending, without a restart.
    pub recoveries: u64,
    /// Faults that left a change in doubt.
    pub in_doubt: u64,
    /// Changes that were acknowledged.
    pub acknowledged: u64,
}

/// One run.
///
/// # Errors
/// [`Failure`], the promise that was broken.
pub fn run(seed: u64, kind: Kind) -> Result<Tally, Failure> {
    panics::none_in(|| Run::new(seed, kind).go()).map_err(|what| Failure { seed, what })
}

impl Kind {
    const fn fault(self, after: u64, lasting: bool) -> Fault {
        let (call, failure) = match self {
            Self::WriteIo => (Call::Write, disk::Failure::Io),
            Self::DiskFull => (Call::Write, disk::Failure::NoSpace),
            Self::ShortWrite => (Call::Write, disk::Failure::Short),
            Self::SetLenIo => (Call::SetLen, disk::Failure::Io),
            Self::SyncIo => (Call::Sync, disk::Failure::Io),
            Self::SyncDropsPages => (Call::Sync, disk::Failure::DropPages),
            Self::ReadIo => (Call::Read, disk::Failure::Io),
        };
        Fault { call, failure, after, lasting }
    }

    /// The fault waits for fewer calls than this: some kinds are rare.
    const fn patience(self) -> u64 {
        match self {
            Self::WriteIo | Self::DiskFull | Self::ShortWrite => 40,
            Self::SyncIo | Self::SyncDropsPages => 12,
            Self::SetLenIo => 1,
            Self::ReadIo => 60,
        }
    }
}

struct Run {
    kind: Kind,
    seeded: Seeded,
    site: Site,
    workload: Workload,
    tally: Tally,
}

impl Run {
    fn new(seed: u64, kind: Kind) -> Self {
        let mut seeded = Seeded::new(seed);
        let mut site = Site::new(SimulatedDisk::new(), seed);
        if kind == Kind::ReadIo {
            site.cache_bytes = 0;
        }
        let workload = Workload::new(&mut seeded);
        Self { kind, seeded, site, workload, tally: Tally { seeds: 1, ..Tally::default() } }
    }

    fn go(mut self) -> Result<Tally, Broken> {
        self.site.start().map_err(|error| format!("no start: {error}"))?;
        self.site.inspect()?;
        for _ in 0..=self.seeded.below(3) {
            self.round()?;
        }
        self.survive_a_cut()?;
        self.tally.acknowledged = self.site.acknowledged;
        Ok(self.tally)
    }

    /// Some steps until the fault is met, and all that is promised then.
    fn round(&mut self) -> Result<(), Broken> {
        let lasting = self.seeded.one_in(2);
        let fault = self.kind.fault(self.seeded.below(self.kind.patience()), lasting);
        self.site.disk.arm(fault, self.seeded.split());
        for _ in 0..12 {
            self.workload.step(&mut self.site)?;
            if self.site.disk.hits() > 0 {
                break;
            }
        }
        self.tally.in_doubt += u64::from(self.site.candidates.len() > 1);
        let mut was_refused = false;
        if self.site.is_running() && self.site.disk.hits() > 0 {
            was_refused = self.outlast(lasting)?;
        }
        if was_refused && self.seeded.one_in(4) {
            // Some people restart what does not work. What the last writes come to is not told apart here.
            let _closed = self.site.close();
            was_refused = false;
        }
        self.tally.faults += self.site.disk.mend();
        self.heal()?;
        self.tally.recoveries += u64::from(was_refused);
        self.site.inspect()?;
        self.site.repeat_all()
    }

    /// The disk is mended: one step of housekeeping is enough, or a start.
    fn heal(&mut self) -> Result<(), Broken> {
        if self.site.is_running() {
            self.site.run(self.site.service().maintain());
            self.housekeeping_was_perhaps_done();
        } else {
            self.site.start().map_err(|error| format!("no start on a mended disk: {error}"))?;
        }
        match self.store_state() {
            StoreState::Ready => Ok(()),
            StoreState::ReadOnly => Err("the disk is mended, and changes are still refused".into()),
        }
    }

    /// While the fault is there: the right verdicts or none, and refused changes. True: changes were refused.
    fn outlast(&mut self, lasting: bool) -> Result<bool, Broken> {
        self.site.check_verdicts()?;
        if self.store_state() == StoreState::Ready {
            return Ok(false);
        }
        let user = UserId::parse("somebody").expect("a name");
        let action = Action::Credentials { user, cause: CredentialsCause::Change };
        let answers = self.site.ask(&[(1000, action)]);
        if answers != [Err(ErrorKind::StorageUnavailable)] {
            return Err(format!("a change was answered {answers:?} while the disk fails"));
        }
        if lasting {
            self.site.run(self.site.service().maintain());
            self.site.check_verdicts()?;
        }
        Ok(true)
    }

    /// A step of housekeeping may also have ended and removed keys, whichever of the candidates is stored.
    fn housekeeping_was_perhaps_done(&mut self) {
        let now = self.site.now();
        let housekept = |world: &World| {
            let mut world = world.clone();
            world.expire_all(now);
            world.purge(now, RETENTION);
            world
        };
        self.site.candidates = self.site.candidates.iter().map(housekept).collect();
        self.site.candidates.dedup();
    }

    fn store_state(&self) -> StoreState {
        let caller = peer(0);
        self.site.service().condition(&permit(self.site.service(), &caller)).store
    }

    /// What was mended is on the disk, not only in memory.
    fn survive_a_cut(&mut self) -> Result<(), Broken> {
        self.site.disk.cut();
        self.site.drop_service();
        self.site.disk = self.site.disk.after_cut(&mut self.seeded);
        self.site.start().map_err(|error| format!("the store does not open after a cut: {error}"))?;
        self.site.inspect()?;
        self.site.close().map_err(|error| format!("the service was not closed: {error}"))?;
        check_database(&self.site.disk, true)
    }
}
