//! A client that changes the keys of its own users, and knows what each request must be answered.

use super::Arena;
use super::seat::{Abandoned, Deed, Doubt, Seat};
use crate::seeded::Seeded;
use apikeyd_client::message::{CredentialsCause, DeleteOutcome, EndReason, Generate, SaveMode, UserEnded};
use apikeyd_client::{ApiKey, Client, Error, KeyId, Refusal, Status, Verdict};
use apikeyd_tests::scratch::Scratch;
use apikeyd_tests::stress::clock;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// Times for a request, in milliseconds: some give up while the daemon is away, others wait for the next one.
const TIMEOUTS: [u64; 4] = [40, 300, 300, 2_000];

/// Before a daemon that is away is asked again.
const PAUSE: Duration = Duration::from_millis(2);

/// One thread.
pub(super) struct Worker<'a> {
    arena: &'a Arena,
    client: Client,
    seats: Vec<usize>,
    random: Seeded,
    /// The daemon gave no answer last time: it is asked for its status until it does.
    away: bool,
    /// Deaths of a daemon after which this client was answered again.
    recovered: u64,
}

/// What came of a request.
enum Answer<T> {
    Given(T),
    /// The daemon said that it did not do it.
    Refused(Status),
    /// It may have been done.
    Missing,
}

/// Which daemon a request may have met.
#[derive(Clone, Copy)]
struct Instance {
    kills: u64,
    is_dying: bool,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        arena: &'a Arena,
        scratch: &Scratch,
        number: usize,
        step: usize,
        random: Seeded,
    ) -> Self {
        let client = Client::builder().socket(scratch.socket()).cache(false).connections(1).build();
        Self {
            arena,
            client: client.expect("a client"),
            seats: (number..arena.seats.len()).step_by(step).collect(),
            random,
            away: false,
            recovered: 0,
        }
    }

    pub(super) fn run(mut self) {
        while !self.arena.stop.load(Ordering::Relaxed) {
            let turn = self.arena.gate.read().unwrap_or_else(PoisonError::into_inner);
            let is_idle = self.step();
            drop(turn);
            if is_idle {
                thread::sleep(PAUSE);
            }
        }
    }

    /// One request or two. Whether there was nothing to do.
    fn step(&mut self) -> bool {
        if self.away {
            self.away = !matches!(self.ask(Client::status), Answer::Given(_));
            return self.away;
        }
        let Some(number) = self.random.pick(&self.seats).copied() else { return true };
        let arena = self.arena;
        let mut seat = arena.seats[number].lock().unwrap_or_else(PoisonError::into_inner);
        if seat.doubt.is_some() {
            return true;
        }
        match (self.random.below(100), seat.active_id()) {
            (0..30, Some(_)) | (0..60, None) => self.issue(&mut seat),
            (30..45, Some(active)) => self.delete(&mut seat, active),
            (45..55, Some(active)) => {
                let cause =
                    if self.random.one_in(2) { CredentialsCause::Change } else { CredentialsCause::Reset };
                let deed = Deed::ChangeCredentials { key_id: active, cause };
                let user = seat.user.clone();
                self.end_user(&mut seat, deed, |client| client.credentials_changed(&user, cause));
            }
            (55..62, Some(active)) => {
                let user = seat.user.clone();
                self.end_user(&mut seat, Deed::DeleteUser { key_id: active }, |client| {
                    client.delete_user(&user)
                });
            }
            (62..80, _) => self.validate(&seat),
            (80..90, _) => self.save_again(&seat),
            (90..97, _) => self.delete_again(&seat),
            _ => self.abandon(&mut seat),
        }
        false
    }

    /// A new key, in the place of the active one if there is one.
    fn issue(&mut self, seat: &mut Seat) {
        let instance = self.instance();
        let Some((key_id, key)) = self.generate(seat) else { return };
        let replaced = seat.active_id();
        let mode = if replaced.is_some() { SaveMode::Replace } else { SaveMode::Add };
        let deed = Deed::Save { key_id, replaced };
        let tally = &self.arena.tally;
        match self.ask(|client| client.save(key_id, mode)) {
            Answer::Given(saved) => {
                let is_so =
                    saved.key.key_id == key_id && saved.key.user == seat.user && saved.replaced == replaced;
                tally.check(is_so, || format!("{deed:?} of {} was answered {saved:?}", seat.user));
                tally.change(if replaced.is_some() { "replaced" } else { "added" });
                self.acknowledge(seat, deed, Some(key));
            }
            Answer::Refused(Status::NotFound) if !self.is_still(instance) => {
                tally.count("drafts lost with a daemon")
            }
            Answer::Refused(Status::Busy) => tally.count("refused as busy"),
            Answer::Refused(status) => {
                tally.check(false, || format!("{deed:?} of {} was refused: {status:?}", seat.user));
            }
            Answer::Missing => seat.doubt = Some(self.doubt(Some((deed, Some(key))))),
        }
    }

    fn generate(&mut self, seat: &mut Seat) -> Option<(KeyId, ApiKey)> {
        let request = Generate { user: seat.user.clone(), label: None, expires_at: None };
        match self.ask(|client| client.generate(&request)) {
            Answer::Given(draft) => Some((draft.key_id, draft.key.0)),
            Answer::Refused(status) => {
                let is_busy = status == Status::Busy;
                self.arena
                    .tally
                    .check(is_busy, || format!("a draft of {} was refused: {status:?}", seat.user));
                None
            }
            Answer::Missing => {
                seat.doubt = Some(self.doubt(None));
                None
            }
        }
    }

    fn abandon(&mut self, seat: &mut Seat) {
        if let Some(draft) = self.generate(seat) {
            let (key_id, key) = draft;
            seat.abandoned = Some(Abandoned { key_id, key, gone_by: self.deaths_to_come() });
        }
    }

    fn delete(&mut self, seat: &mut Seat, key_id: KeyId) {
        let instance = self.instance();
        let (deed, tally) = (Deed::Delete { key_id }, &self.arena.tally);
        match self.ask(|client| client.delete(key_id)) {
            Answer::Given(deleted) => {
                // The client may have asked the next daemon again, after the one before had done it.
                let is_so = match deleted.outcome {
                    DeleteOutcome::Ended => true,
                    DeleteOutcome::AlreadyEnded { reason, .. } => {
                        reason == EndReason::Deleted && !self.is_still(instance)
                    }
                    DeleteOutcome::DraftDiscarded => false,
                };
                tally.check(is_so, || format!("{deed:?} of {} was answered {deleted:?}", seat.user));
                tally.change("deleted");
                self.acknowledge(seat, deed, None);
            }
            Answer::Refused(status) => {
                let is_busy = status == Status::Busy;
                tally.check(is_busy, || format!("{deed:?} of {} was refused: {status:?}", seat.user));
            }
            Answer::Missing => seat.doubt = Some(self.doubt(Some((deed, None)))),
        }
    }

    fn end_user(
        &mut self,
        seat: &mut Seat,
        deed: Deed,
        request: impl FnOnce(&Client) -> Result<UserEnded, Error>,
    ) {
        let instance = self.instance();
        let tally = &self.arena.tally;
        match self.ask(request) {
            Answer::Given(ended) => {
                let is_so =
                    ended.key_id == seat.active_id() || ended.key_id.is_none() && !self.is_still(instance);
                tally.check(is_so, || format!("{deed:?} of {} was answered {ended:?}", seat.user));
                let is_deletion = matches!(deed, Deed::DeleteUser { .. });
                tally.change(if is_deletion { "user deleted" } else { "credentials changed" });
                self.acknowledge(seat, deed, None);
            }
            Answer::Refused(status) => {
                let is_busy = status == Status::Busy;
                tally.check(is_busy, || format!("{deed:?} of {} was refused: {status:?}", seat.user));
            }
            Answer::Missing => seat.doubt = Some(self.doubt(Some((deed, None)))),
        }
    }

    fn validate(&mut self, seat: &Seat) {
        let at = self.random.below(seat.remembered.len() as u64);
        let Some((key_id, key)) = seat.remembered.get(usize::try_from(at).unwrap_or(0)) else { return };
        if let Answer::Given(verdict) = self.ask(|client| client.validate(key)) {
            check_verdict(self.arena, seat, *key_id, &verdict, "under load");
            self.arena.tally.count("validations by these clients");
        }
    }

    /// The answer to a save does not change when it is asked for again, and the other mode is refused.
    fn save_again(&mut self, seat: &Seat) {
        let Some((key_id, _)) = seat.remembered.back() else { return };
        let saved = seat.keys[key_id];
        let tally = &self.arena.tally;
        if self.random.one_in(4) {
            let answer = self.ask(|client| client.save(*key_id, saved.other_mode()));
            let is_so = matches!(answer, Answer::Refused(Status::Conflict | Status::Busy) | Answer::Missing);
            return tally.check(is_so, || format!("{key_id} of {} was saved in the other mode", seat.user));
        }
        match self.ask(|client| client.save(*key_id, saved.mode)) {
            Answer::Given(again) => {
                let is_so = again.replaced == saved.replaced && saved.is_state(again.key.state);
                tally
                    .check(is_so, || format!("{saved:?} of {} was answered again with {again:?}", seat.user));
                tally.count("saves repeated");
            }
            Answer::Refused(status) => {
                let is_busy = status == Status::Busy;
                tally.check(is_busy, || format!("{saved:?} of {}, repeated: {status:?}", seat.user));
            }
            Answer::Missing => {}
        }
    }

    fn delete_again(&mut self, seat: &Seat) {
        let ended = |(key_id, _): &&(KeyId, ApiKey)| seat.keys[key_id].ended.is_some();
        let Some((key_id, _)) = seat.remembered.iter().rev().find(ended) else { return };
        let tally = &self.arena.tally;
        if let Answer::Given(deleted) = self.ask(|client| client.delete(*key_id)) {
            let is_so = matches!(deleted.outcome, DeleteOutcome::AlreadyEnded { reason, .. }
                if Some(reason) == seat.keys[key_id].ended);
            tally.check(is_so, || {
                format!("{:?} of {} was answered {deleted:?}", seat.keys[key_id], seat.user)
            });
            tally.count("deletes repeated");
        }
    }

    fn acknowledge(&self, seat: &mut Seat, deed: Deed, key: Option<ApiKey>) {
        let board = &self.arena.board;
        seat.rows.push(deed.row(&seat.user));
        let answered_at = clock::now();
        seat.carry_out(
            deed,
            key,
            |number, key| board.post(number, key, None),
            |posted| board.end(posted, answered_at),
        );
    }

    fn doubt(&self, change: Option<(Deed, Option<ApiKey>)>) -> Doubt {
        Doubt { change, settled_by: self.deaths_to_come() }
    }

    /// How many daemons will have died when the one that runs now is dead.
    fn deaths_to_come(&self) -> u64 {
        self.arena.deaths.load(Ordering::SeqCst) + 1
    }

    fn ask<T>(&mut self, request: impl FnOnce(&Client) -> Result<T, Error>) -> Answer<T> {
        let timeout = Duration::from_millis(self.random.pick(&TIMEOUTS).copied().unwrap_or(300));
        let deaths = self.arena.deaths.load(Ordering::SeqCst);
        match request(&self.client.with_timeout(timeout)) {
            Ok(answer) => {
                self.note_recovery(deaths);
                Answer::Given(answer)
            }
            Err(Error::Answered { status: Status::StorageUnavailable | Status::Internal, message }) => {
                self.arena.tally.check(false, || format!("on a healthy disk: {message}"));
                Answer::Missing
            }
            Err(Error::Answered { status, .. }) => {
                self.note_recovery(deaths);
                Answer::Refused(status)
            }
            Err(error) => {
                self.arena
                    .tally
                    .check(error.is_retryable(), || format!("a client gave up for ever: {error}"));
                self.away = true;
                Answer::Missing
            }
        }
    }

    /// After the first answer to a request that was begun when so many daemons had died.
    fn note_recovery(&mut self, deaths: u64) {
        if deaths > self.recovered {
            self.recovered = deaths;
            let since = clock::now().saturating_sub(self.arena.killed_at.load(Ordering::SeqCst));
            self.arena.tally.recovered(Duration::from_nanos(since));
        }
    }

    fn instance(&self) -> Instance {
        let deaths = self.arena.deaths.load(Ordering::SeqCst);
        let kills = self.arena.kills.load(Ordering::SeqCst);
        Instance { kills, is_dying: kills != deaths }
    }

    /// Whether no other daemon can have answered since.
    fn is_still(&self, before: Instance) -> bool {
        !before.is_dying && self.arena.kills.load(Ordering::SeqCst) == before.kills
    }
}

/// Holds a verdict on a saved key against what must be true.
pub(super) fn check_verdict(arena: &Arena, seat: &Seat, key_id: KeyId, verdict: &Verdict, when: &str) {
    let must = seat.keys.get(&key_id).and_then(|saved| saved.ended);
    let is_so = match verdict {
        Verdict::Valid(valid) => must.is_none() && valid.user == seat.user && valid.key_id == key_id,
        Verdict::Refused(Refusal::Ended(reason)) => must == Some(*reason),
        Verdict::Refused(_) => false,
    };
    arena.tally.check(is_so, || {
        format!("{key_id} of {}, which ended by {must:?}, was judged {verdict:?} {when}", seat.user)
    });
}
