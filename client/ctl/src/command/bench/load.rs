//! What is asked: the scripts that the connections play.

use super::users::Users;
use super::wire::{Outbox, Script, nanoseconds};
use crate::failure::Failure;
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::{Opcode, append_request};
use apikeyd_protocol::message::{
    DeleteUser, Generate, Generated, Save, SaveMode, Saved, UserEnded, Validate, Verdict,
};
use hdrhistogram::Histogram;
use serde::Deserialize;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// When a measurement ends.
pub(super) struct End<'a> {
    /// At this time.
    pub(super) at: Instant,
    /// Or when this is set.
    pub(super) stop: &'a AtomicBool,
}

impl End<'_> {
    fn is_reached(&self, now: Instant) -> bool {
        now >= self.at || self.stop.load(Ordering::Relaxed)
    }
}

/// Gives each user a key, and keeps the request that validates it.
pub(super) struct Prepare<'a> {
    users: &'a Users,
    left: Range<u32>,
    stop: &'a AtomicBool,
    pending: Vec<Option<Vec<u8>>>,
    /// The requests, encoded.
    pub(super) validations: Vec<Vec<u8>>,
}

impl<'a> Prepare<'a> {
    /// For the users of these numbers, on so many slots.
    pub(super) fn new(users: &'a Users, numbers: Range<u32>, slots: u16, stop: &'a AtomicBool) -> Self {
        let validations = Vec::with_capacity(numbers.len());
        Self { users, left: numbers, stop, pending: vec![None; slots.into()], validations }
    }
}

impl Script for Prepare<'_> {
    fn begin(&mut self, slot: u64, _: Instant, outbox: &mut Outbox) -> Result<bool, Failure> {
        if self.stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let Some(number) = self.left.next() else { return Ok(false) };
        generate(self.users, number, slot, outbox)?;
        Ok(true)
    }

    fn answered(
        &mut self,
        slot: u64,
        body: &[u8],
        now: Instant,
        outbox: &mut Outbox,
    ) -> Result<bool, Failure> {
        let pending = place(&mut self.pending, slot)?;
        if let Some(validation) = pending.take() {
            read::<Saved>(body)?;
            self.validations.push(validation);
            return self.begin(slot, now, outbox);
        }
        let generated: Generated = read(body)?;
        let request =
            Validate { key_id: generated.key_id, digest: generated.key.0.digest(), operation: None };
        let mut frame = Vec::new();
        append_request(&mut frame, Opcode::Validate, slot, &request)
            .map_err(|error| Failure::internal(error.to_string()))?;
        *pending = Some(frame);
        outbox.request(Opcode::Save, slot, &Save { key_id: generated.key_id, mode: SaveMode::Add })?;
        Ok(true)
    }
}

/// Validates its keys in turn.
pub(super) struct Validations<'a> {
    /// The requests, encoded.
    pub(super) keys: &'a [Vec<u8>],
    /// The next one.
    pub(super) next: usize,
    /// When each slot's request was sent.
    pub(super) sent: Vec<Instant>,
    /// When to stop.
    pub(super) end: End<'a>,
    /// Nanoseconds from request to answer.
    pub(super) latency: Histogram<u64>,
}

impl Script for Validations<'_> {
    fn begin(&mut self, slot: u64, now: Instant, outbox: &mut Outbox) -> Result<bool, Failure> {
        if self.end.is_reached(now) {
            return Ok(false);
        }
        let Some(frame) = self.keys.get(self.next) else { return Ok(false) };
        self.next = (self.next + 1) % self.keys.len();
        outbox.encoded(frame, slot);
        *place(&mut self.sent, slot)? = now;
        Ok(true)
    }

    fn answered(
        &mut self,
        slot: u64,
        body: &[u8],
        now: Instant,
        outbox: &mut Outbox,
    ) -> Result<bool, Failure> {
        if !matches!(read(body)?, Verdict::Valid(_)) {
            return Err(Failure::internal(
                "the daemon refused a key of this measurement; did somebody delete it?",
            ));
        }
        self.latency.saturating_record(nanoseconds(now - *place(&mut self.sent, slot)?));
        self.begin(slot, now, outbox)
    }
}

/// Generates and saves key after key, each slot for its own user, and counts the saves.
pub(super) struct Saves<'a> {
    users: &'a Users,
    first_user: u32,
    slots: Vec<SaveSlot>,
    end: End<'a>,
    /// Nanoseconds from request to answer of the saves.
    pub(super) latency: Histogram<u64>,
}

#[derive(Clone, Copy)]
struct SaveSlot {
    /// When its save was sent, if that is what it waits for.
    saving_since: Option<Instant>,
    mode: SaveMode,
}

impl<'a> Saves<'a> {
    /// For the users from this number on, one for each slot.
    pub(super) fn new(
        users: &'a Users,
        first_user: u32,
        slots: u16,
        end: End<'a>,
        latency: Histogram<u64>,
    ) -> Self {
        let slot = SaveSlot { saving_since: None, mode: SaveMode::Add };
        Self { users, first_user, slots: vec![slot; slots.into()], end, latency }
    }
}

impl Script for Saves<'_> {
    fn begin(&mut self, slot: u64, now: Instant, outbox: &mut Outbox) -> Result<bool, Failure> {
        if self.end.is_reached(now) {
            return Ok(false);
        }
        let number = self.first_user + u32::try_from(slot).unwrap_or(0);
        generate(self.users, number, slot, outbox)?;
        Ok(true)
    }

    fn answered(
        &mut self,
        slot: u64,
        body: &[u8],
        now: Instant,
        outbox: &mut Outbox,
    ) -> Result<bool, Failure> {
        let state = place(&mut self.slots, slot)?;
        if let Some(since) = state.saving_since.take() {
            read::<Saved>(body)?;
            state.mode = SaveMode::Replace;
            self.latency.saturating_record(nanoseconds(now - since));
            return self.begin(slot, now, outbox);
        }
        let generated: Generated = read(body)?;
        state.saving_since = Some(now);
        outbox.request(Opcode::Save, slot, &Save { key_id: generated.key_id, mode: state.mode })?;
        Ok(true)
    }
}

/// Tells the daemon that the users are gone.
pub(super) struct Remove<'a> {
    /// All users.
    pub(super) users: &'a Users,
    /// Those that are left.
    pub(super) left: Range<u32>,
}

impl Script for Remove<'_> {
    fn begin(&mut self, slot: u64, _: Instant, outbox: &mut Outbox) -> Result<bool, Failure> {
        let Some(number) = self.left.next() else { return Ok(false) };
        outbox.request(Opcode::DeleteUser, slot, &DeleteUser { user: self.users.name(number)? })?;
        Ok(true)
    }

    fn answered(
        &mut self,
        slot: u64,
        body: &[u8],
        now: Instant,
        outbox: &mut Outbox,
    ) -> Result<bool, Failure> {
        read::<UserEnded>(body)?;
        self.begin(slot, now, outbox)
    }
}

fn generate(users: &Users, number: u32, slot: u64, outbox: &mut Outbox) -> Result<(), Failure> {
    let request = Generate { user: users.name(number)?, label: None, expires_at: None };
    outbox.request(Opcode::Generate, slot, &request)
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    codec::decode(body).map_err(|error| Failure::internal(error.to_string()))
}

fn place<T>(slots: &mut [T], slot: u64) -> Result<&mut T, Failure> {
    let place = usize::try_from(slot).ok().and_then(|slot| slots.get_mut(slot));
    place.ok_or_else(|| Failure::internal("the daemon answered a request that was not sent"))
}
