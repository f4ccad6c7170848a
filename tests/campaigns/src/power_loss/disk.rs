//! A disk in memory: what programs see, what would be there after a power cut, and what is between.

mod handle;

use super::image;
use crate::seeded::Seeded;
use apikeyd::operations::StorageBackend;
use handle::Handle;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedDisk(Arc<Mutex<State>>);

/// A write or a new length that no sync has followed yet.
#[derive(Debug)]
pub(super) enum Pending {
    Write { offset: usize, data: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Default)]
struct State {
    /// What reads see: the system's memory of the file.
    live: Vec<u8>,
    /// What certainly survives.
    durable: Vec<u8>,
    /// What may survive.
    pending: Vec<Pending>,
    /// Calls that write, so far.
    calls: u64,
    /// The call at which the power goes.
    cut_at: Option<u64>,
    dead: bool,
    /// Whether syncs do nothing.
    lies: bool,
    fault: Option<Fault>,
    /// Times that the fault was met.
    hits: u64,
    /// A digest of all calls that write, in their order.
    trace: u64,
    /// For the parts of a sync that failed.
    draws: Option<Seeded>,
}

/// What a call does to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Bytes are read.
    Read,
    /// Bytes are written.
    Write,
    /// The file gets another length.
    SetLen,
    /// What was written is made to last.
    Sync,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// `EIO`, and nothing was done.
    Io,
    /// `ENOSPC`, and nothing was done.
    NoSpace,
    /// A part was written, then `ENOSPC`.
    Short,
    /// `EIO`; the pages look written, some of them are, and no later sync will write the others.
    DropPages,
}

/// A fault that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The calls that can meet it.
    pub(crate) call: Call,
    /// What they meet.
    pub(crate) failure: Failure,
    /// Calls of the kind that are let through before.
    pub(crate) after: u64,
    /// Whether it stays until the disk is [mended](SimulatedDisk::mend).
    pub(crate) lasting: bool,
}

impl SimulatedDisk {
    /// An empty disk.
    pub(crate) fn new() -> Self {
        Self::holding(Vec::new(), false)
    }

    /// From now on its syncs do nothing, and say that they did.
    pub(crate) fn lie(&self) {
        self.state().lies = true;
    }

    fn holding(bytes: Vec<u8>, lies: bool) -> Self {
        Self(Arc::new(Mutex::new(State { live: bytes.clone(), durable: bytes, lies, ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A handle as the database wants it.
    pub(crate) fn backend(&self) -> Box<dyn StorageBackend> {
        Box::new(self.handle())
    }

    pub(super) fn handle(&self) -> Handle {
        Handle(self.clone())
    }

    /// Cuts the power at the n-th call that writes from now on; the first is 1.
    pub(crate) fn cut_at(&self, n: u64) {
        let mut state = self.state();
        state.cut_at = Some(state.calls + n);
    }

    /// Cuts the power now.
    pub(crate) fn cut(&self) {
        self.state().dead = true;
    }

    /// Whether the power was cut.
    pub(crate) fn is_cut(&self) -> bool {
        self.state().dead
    }

    /// The disk when the power is back: the old one stays dead.
    pub(crate) fn after_cut(&self, seeded: &mut Seeded) -> Self {
        let state = self.state();
        Self::holding(image::draw(&state.durable, &state.live, &state.pending, seeded), state.lies)
    }

    /// Another disk with what this one holds now.
    pub(crate) fn copy(&self) -> Self {
        Self::holding(self.state().live.clone(), false)
    }

    /// Lets a fault wait.
    pub(crate) fn arm(&self, fault: Fault, draws: Seeded) {
        let mut state = self.state();
        (state.fault, state.hits, state.draws) = (Some(fault), 0, Some(draws));
    }

    /// Takes the fault away; gives back how often it was met.
    pub(crate) fn mend(&self) -> u64 {
        let mut state = self.state();
        state.fault = None;
        std::mem::take(&mut state.hits)
    }

    /// How often the fault was met so far.
    pub(crate) fn hits(&self) -> u64 {
        self.state().hits
    }

    /// A digest of all calls that write, in their order.
    pub(crate) fn trace(&self) -> u64 {
        self.state().trace
    }
}

impl State {
    /// Counts a call that writes. True: the power goes with this call, which may have done a part of its work.
    fn begin(&mut self, call: Call, offset: u64, data: &[u8]) -> io::Result<bool> {
        if self.dead {
            return Err(no_power());
        }
        self.calls += 1;
        // Every 61st byte tells two runs apart as well as all of them, and costs nothing.
        let start = offset ^ ((call as u64) << 60) ^ ((data.len() as u64) << 32);
        let digest = data
            .iter()
            .step_by(61)
            .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        self.trace = self.trace.rotate_left(5) ^ digest;
        self.dead = self.cut_at == Some(self.calls);
        Ok(self.dead)
    }

    /// What an armed fault says to this call.
    fn meet(&mut self, call: Call) -> Option<Failure> {
        let fault = self.fault.as_mut()?;
        // A full disk refuses to grow, whichever way that is asked for.
        let fits = fault.call == call
            || (fault.failure == Failure::NoSpace && matches!(call, Call::Write | Call::SetLen));
        if !fits {
            return None;
        }
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        let met = fault.failure;
        if !fault.lasting {
            self.fault = None;
        }
        self.hits += 1;
        Some(met)
    }

    fn write(&mut self, offset: usize, data: &[u8]) {
        apply(&mut self.live, offset, data);
        self.pending.push(Pending::Write { offset, data: data.to_vec() });
    }

    fn sync(&mut self) {
        if self.lies {
            return;
        }
        for pending in self.pending.drain(..) {
            pending.apply(&mut self.durable);
        }
    }

    /// A sync that failed: what reached the disk is there by chance, the rest is only in memory, as if clean.
    fn drop_pages(&mut self) {
        let mut seeded = self.draws.clone().unwrap_or(Seeded::new(0));
        let length = self.live.len();
        self.durable = image::draw(&self.durable, &self.live, &self.pending, &mut seeded);
        self.durable.resize(length, 0);
        self.pending.clear();
    }
}

impl Pending {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => apply(bytes, *offset, data),
            Self::Length(length) => bytes.resize(*length, 0),
        }
    }
}

fn apply(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

fn no_power() -> io::Error {
    io::Error::other("there is no power")
}

fn error(failure: Failure) -> io::Error {
    match failure {
        Failure::Io | Failure::DropPages => {
            io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error())
        }
        Failure::NoSpace | Failure::Short => {
            io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error())
        }
    }
}
