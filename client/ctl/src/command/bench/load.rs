//! What is asked: the scripts that the connections play.

use super::users::Users;
use super::wire::{Answer, Outbox, Script, nanoseconds};
use crate::failure::Failure;
use apikeyd_client::{ApiKey, Generate, Generated, Opcode, SaveMode, Saved, UserRevoked};
use apikeyd_protocol::frame::append_request;
use apikeyd_protocol::message::{DeleteUser, Save, Validate, Verdict};
use hdrhistogram::Histogram;
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
    /// Whether it has come.
    pub(super) fn is_reached(&self, now: Instant) -> bool {
        now >= self.at || self.stop.load(Ordering::Relaxed)
    }
}

/// Gives each user a key, and keeps it.
pub(super) struct Prepare<'a> {
    users: &'a Users,
    left: Range<u32>,
    stop: &'a AtomicBool,
    pending: Vec<Option<ApiKey>>,
    /// The keys that were saved.
    pub(super) keys: Vec<ApiKey>,
}

impl<'a> Prepare<'a> {
    /// For the users of these numbers, on so many slots.
    pub(super) fn new(users: &'a Users, numbers: Range<u32>, slots: u16, stop: &'a AtomicBool) -> Self {
        let (pending, keys) = ((0..slots).map(|_| None).collect(), Vec::with_capacity(numbers.len()));
        Self { users, left: numbers, stop, pending, keys }
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

    fn answered(&mut self, answer: &Answer<'_>, outbox: &mut Outbox) -> Result<bool, Failure> {
        let pending = place(&mut self.pending, answer.slot)?;
        if let Some(key) = pending.take() {
            answer.read::<Saved>()?;
            self.keys.push(key);
            return self.begin(answer.slot, answer.now, outbox);
        }
        let Generated { key_id, key, .. } = answer.read()?;
        *pending = Some(key);
        outbox.request(Opcode::Save, answer.slot, &Save::new(key_id, SaveMode::Add))?;
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

    fn answered(&mut self, answer: &Answer<'_>, outbox: &mut Outbox) -> Result<bool, Failure> {
        if !matches!(answer.read()?, Verdict::Valid(_)) {
            return Err(refused());
        }
        let Answer { slot, now, .. } = *answer;
        self.latency.saturating_record(nanoseconds(now - *place(&mut self.sent, slot)?));
        self.begin(slot, now, outbox)
    }
}

/// The request that validates a key, encoded once: for each slot it gets another header.
pub(super) fn validation(key: &ApiKey) -> Result<Vec<u8>, Failure> {
    let mut frame = Vec::new();
    let request = Validate::new(key.id(), key.digest());
    append_request(&mut frame, Opcode::Validate, 0, &request)
        .map_err(|error| Failure::internal(error.to_string()))?;
    Ok(frame)
}

/// A key that this measurement saved is not valid.
pub(super) fn refused() -> Failure {
    Failure::internal("the daemon refused a key of this measurement; did somebody delete it?")
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

    fn answered(&mut self, answer: &Answer<'_>, outbox: &mut Outbox) -> Result<bool, Failure> {
        let Answer { slot, now, .. } = *answer;
        let state = place(&mut self.slots, slot)?;
        if let Some(since) = state.saving_since.take() {
            answer.read::<Saved>()?;
            state.mode = SaveMode::Replace;
            self.latency.saturating_record(nanoseconds(now - since));
            return self.begin(slot, now, outbox);
        }
        let generated: Generated = answer.read()?;
        state.saving_since = Some(now);
        outbox.request(Opcode::Save, slot, &Save::new(generated.key_id, state.mode))?;
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
        outbox.request(Opcode::DeleteUser, slot, &DeleteUser::new(self.users.name(number)?))?;
        Ok(true)
    }

    fn answered(&mut self, answer: &Answer<'_>, outbox: &mut Outbox) -> Result<bool, Failure> {
        answer.read::<UserRevoked>()?;
        self.begin(answer.slot, answer.now, outbox)
    }
}

fn generate(users: &Users, number: u32, slot: u64, outbox: &mut Outbox) -> Result<(), Failure> {
    let request = Generate::new(users.name(number)?);
    outbox.request(Opcode::Generate, slot, &request)
}

fn place<T>(slots: &mut [T], slot: u64) -> Result<&mut T, Failure> {
    let place = usize::try_from(slot).ok().and_then(|slot| slots.get_mut(slot));
    place.ok_or_else(|| Failure::internal("the daemon answered a request that was not sent"))
}
