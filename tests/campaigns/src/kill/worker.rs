//! A client that changes the keys of its own users, and knows what each request must be answered.

use super::Arena;
use super::asker::{Answer, Asker};
use super::seat::{Abandoned, Action, Doubt, Seat, mode_of};
use crate::seeded::Seeded;
use apikeyd_client::{
    ApiKey, Client, CredentialsCause, DeleteOutcome, Error, Generate, KeyId, Refusal, RevocationCause,
    Status, UserRevoked, Verdict,
};
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::stress::clock;
use std::fmt;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// Before a daemon that is away is asked again.
const PAUSE: Duration = Duration::from_millis(2);

/// One thread.
pub(super) struct Worker<'a> {
    arena: &'a Arena,
    asker: Asker<'a>,
    seats: Vec<usize>,
    random: Seeded,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        arena: &'a Arena,
        scratch: &Scratch,
        number: usize,
        step: usize,
        mut random: Seeded,
    ) -> Self {
        Self {
            arena,
            asker: Asker::new(arena, scratch, random.split()),
            seats: (number..arena.seats.len()).step_by(step).collect(),
            random,
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
        if !self.asker.is_answered() {
            return true;
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
                let action = Action::ChangeCredentials { key_id: active, cause };
                let user = seat.user.clone();
                self.end_user(&mut seat, action, |client| client.credentials_changed(&user, cause));
            }
            (55..62, Some(active)) => {
                let user = seat.user.clone();
                self.end_user(&mut seat, Action::DeleteUser { key_id: active }, |client| {
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
        let instance = self.asker.instance();
        let Some(key) = self.generate(seat) else { return };
        let (key_id, replaced) = (key.id(), seat.active_id());
        let action = Action::Save { key_id, replaced };
        let tally = &self.arena.tally;
        match self.asker.ask(|client| client.save(key_id, mode_of(replaced))) {
            Answer::Given(saved) => {
                let is_so =
                    saved.key.key_id == key_id && saved.key.user == seat.user && saved.replaced == replaced;
                tally.check(is_so, || format!("{action:?} of {} was answered {saved:?}", seat.user));
                tally.change(if replaced.is_some() { "replaced" } else { "added" });
                self.acknowledge(seat, action, Some(key));
            }
            Answer::Refused(Status::NotFound) if !self.asker.is_still(instance) => {
                tally.count("drafts lost with a daemon")
            }
            Answer::Refused(status) => self.check_busy(status, seat, &action),
            Answer::Missing => seat.doubt = Some(self.doubt(Some((action, Some(key))))),
        }
    }

    fn generate(&mut self, seat: &mut Seat) -> Option<ApiKey> {
        let request = Generate::new(seat.user.clone());
        match self.asker.ask(|client| client.generate(&request)) {
            Answer::Given(draft) => {
                let (told, key) = (draft.key_id, draft.key);
                let is_so = told == key.id();
                self.arena.tally.check(is_so, || format!("{told} is not the id of {} in the key", key.id()));
                Some(key)
            }
            Answer::Refused(status) => {
                self.check_busy(status, seat, &request);
                None
            }
            Answer::Missing => {
                seat.doubt = Some(self.doubt(None));
                None
            }
        }
    }

    fn abandon(&mut self, seat: &mut Seat) {
        if let Some(key) = self.generate(seat) {
            seat.abandoned = Some(Abandoned { key, gone_by: self.asker.deaths_to_come() });
        }
    }

    fn delete(&mut self, seat: &mut Seat, key_id: KeyId) {
        let instance = self.asker.instance();
        let (action, tally) = (Action::Delete { key_id }, &self.arena.tally);
        match self.asker.ask(|client| client.delete(key_id)) {
            Answer::Given(deleted) => {
                // The client may have asked the next daemon again, after the one before had done it.
                let is_so = match deleted.outcome {
                    DeleteOutcome::Revoked => true,
                    DeleteOutcome::AlreadyRevoked { cause, .. } => {
                        cause == RevocationCause::Deleted && !self.asker.is_still(instance)
                    }
                    DeleteOutcome::DraftDiscarded => false,
                };
                tally.check(is_so, || format!("{action:?} of {} was answered {deleted:?}", seat.user));
                tally.change("deleted");
                self.acknowledge(seat, action, None);
            }
            Answer::Refused(status) => self.check_busy(status, seat, &action),
            Answer::Missing => seat.doubt = Some(self.doubt(Some((action, None)))),
        }
    }

    fn end_user(
        &mut self,
        seat: &mut Seat,
        action: Action,
        request: impl FnOnce(&Client) -> Result<UserRevoked, Error>,
    ) {
        let instance = self.asker.instance();
        let tally = &self.arena.tally;
        match self.asker.ask(request) {
            Answer::Given(ended) => {
                let is_so = ended.key_id == seat.active_id()
                    || ended.key_id.is_none() && !self.asker.is_still(instance);
                tally.check(is_so, || format!("{action:?} of {} was answered {ended:?}", seat.user));
                let is_deletion = matches!(action, Action::DeleteUser { .. });
                tally.change(if is_deletion { "user deleted" } else { "credentials changed" });
                self.acknowledge(seat, action, None);
            }
            Answer::Refused(status) => self.check_busy(status, seat, &action),
            Answer::Missing => seat.doubt = Some(self.doubt(Some((action, None)))),
        }
    }

    fn validate(&mut self, seat: &Seat) {
        let at = self.random.below(seat.remembered.len() as u64);
        let Some(key) = seat.remembered.get(usize::try_from(at).unwrap_or(0)) else { return };
        match self.asker.ask(|client| client.validate(key)) {
            Answer::Given(verdict) => {
                check_verdict(self.arena, seat, key.id(), &verdict, "under load");
                self.arena.tally.count("validations by these clients");
            }
            Answer::Refused(status) => self.check_busy(status, seat, &"a validation"),
            Answer::Missing => {}
        }
    }

    /// The answer to a save does not change when it is asked for again, and the other mode is refused.
    fn save_again(&mut self, seat: &Seat) {
        let Some(key_id) = seat.remembered.back().map(ApiKey::id) else { return };
        let saved = seat.keys[&key_id];
        let tally = &self.arena.tally;
        if self.random.one_in(4) {
            let answer = self.asker.ask(|client| client.save(key_id, saved.other_mode()));
            let is_so = matches!(answer, Answer::Refused(Status::Conflict | Status::Busy) | Answer::Missing);
            return tally.check(is_so, || format!("{key_id} of {} was saved in the other mode", seat.user));
        }
        match self.asker.ask(|client| client.save(key_id, saved.mode())) {
            Answer::Given(again) => {
                let is_so = again.replaced == saved.replaced && saved.is_state(again.key.state);
                tally
                    .check(is_so, || format!("{saved:?} of {} was answered again with {again:?}", seat.user));
                tally.count("saves repeated");
            }
            Answer::Refused(status) => self.check_busy(status, seat, &saved),
            Answer::Missing => {}
        }
    }

    fn delete_again(&mut self, seat: &Seat) {
        let is_over = |key_id: &KeyId| seat.keys[key_id].ended.is_some();
        let Some(key_id) = seat.remembered.iter().rev().map(ApiKey::id).find(is_over) else { return };
        let (tally, saved) = (&self.arena.tally, seat.keys[&key_id]);
        match self.asker.ask(|client| client.delete(key_id)) {
            Answer::Given(deleted) => {
                let is_so = matches!(deleted.outcome, DeleteOutcome::AlreadyRevoked { cause, .. }
                    if Some(cause) == saved.ended);
                tally.check(is_so, || format!("{saved:?} of {} was answered {deleted:?}", seat.user));
                tally.count("deletes repeated");
            }
            Answer::Refused(status) => self.check_busy(status, seat, &saved),
            Answer::Missing => {}
        }
    }

    fn acknowledge(&self, seat: &mut Seat, action: Action, key: Option<ApiKey>) {
        seat.rows.push(action.row(&seat.user));
        seat.carry_out(action, key, &self.arena.board, clock::now());
    }

    /// The only refusal of a request that is right: there was too much to do.
    fn check_busy(&self, status: Status, seat: &Seat, request: &dyn fmt::Debug) {
        let tally = &self.arena.tally;
        if status == Status::Busy {
            return tally.count("refused as busy");
        }
        tally.check(false, || format!("{request:?} of {} was refused: {status:?}", seat.user));
    }

    fn doubt(&self, change: Option<(Action, Option<ApiKey>)>) -> Doubt {
        Doubt { change, settled_by: self.asker.deaths_to_come() }
    }
}

/// Holds a verdict on a saved key against what must be true.
pub(super) fn check_verdict(arena: &Arena, seat: &Seat, key_id: KeyId, verdict: &Verdict, when: &str) {
    let must = seat.keys.get(&key_id).and_then(|saved| saved.ended);
    let is_so = match verdict {
        Verdict::Valid(valid) => must.is_none() && valid.user == seat.user && valid.key_id == key_id,
        Verdict::Refused(Refusal::Revoked(reason)) => must == Some(*reason),
        Verdict::Refused(_) => false,
    };
    arena.tally.check(is_so, || {
        format!("{key_id} of {}, which ended by {must:?}, was judged {verdict:?} {when}", seat.user)
    });
}
