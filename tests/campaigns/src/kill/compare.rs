//! After a start: is everything there that was acknowledged, and nothing else?

use super::Arena;
use super::audit;
use super::seat::{Action, Seat};
use super::worker::check_verdict;
use apikeyd_client::{
    ApiKey, AuditEvent, AuditHead, Client, DeleteOutcome, Error, KeyId, KeyRecord, KeyState, List, Refusal,
    RevocationCause, SaveMode, Status, UserId, Verdict,
};
use apikeyd_tests::stress::clock;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// Compares a daemon that was just started with what its clients were told.
pub(super) struct Comparer<'a> {
    arena: &'a Arena,
    client: Client,
    residents: BTreeSet<KeyId>,
    /// The last audit row that was read.
    revision: u64,
    /// The end of the audit when it was verified last.
    head: AuditHead,
    /// Rows of users who have a request in doubt, until it is settled.
    waiting: BTreeMap<UserId, Vec<AuditEvent>>,
    counts: Compared,
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compared {
    /// Comparisons of what was touched.
    pub(super) rounds: u64,
    /// Users in them.
    pub(super) users: u64,
    /// Audit rows that were read one by one.
    pub(super) rows: u64,
    /// Comparisons of everything.
    pub(super) wholes: u64,
    /// Records in the last one.
    pub(super) records: u64,
    /// Changes in doubt that had been made.
    pub(super) whole: u64,
    /// Changes in doubt that had not.
    pub(super) not_at_all: u64,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(arena: &'a Arena, client: Client, residents: BTreeSet<KeyId>) -> Self {
        let head = client.audit_verify(None).expect("a verified audit").head;
        let (waiting, counts) = (BTreeMap::new(), Compared::default());
        Self { arena, client, residents, revision: head.revision, head, waiting, counts }
    }

    pub(super) const fn counts(&self) -> Compared {
        self.counts
    }

    /// Compares everything that was touched since the last time. Nobody else may ask meanwhile.
    pub(super) fn compare(&mut self, when: &str) {
        self.counts.rounds += 1;
        self.read_rows(when);
        let (arena, deaths) = (self.arena, self.arena.deaths.load(Ordering::SeqCst));
        for seat in &arena.seats {
            let mut seat = seat.lock().unwrap_or_else(PoisonError::into_inner);
            let can_be_settled = seat.doubt.as_ref().is_none_or(|doubt| doubt.settled_by <= deaths);
            if can_be_settled && (seat.is_touched() || self.waiting.contains_key(&seat.user)) {
                let rows = self.waiting.remove(&seat.user).unwrap_or_default();
                self.counts.users += 1;
                self.settle(&mut seat, &rows, when);
                self.compare_seat(&seat, deaths, when);
                seat.forget_touches(deaths);
            }
        }
    }

    /// Sorts the new rows by user.
    fn read_rows(&mut self, when: &str) {
        let tally = &self.arena.tally;
        let users: BTreeSet<UserId> =
            self.arena.seats.iter().map(|seat| seat.lock().expect("a seat").user.clone()).collect();
        for row in audit::rows_after(&self.client, self.revision) {
            self.revision += 1;
            self.counts.rows += 1;
            tally
                .check(row.revision == self.revision, || format!("{when}: row {} is missing", self.revision));
            tally.check(audit::is_ours(row.actor), || format!("{when}: who made {row:?}?"));
            match audit::user_of(&row.event).filter(|user| users.contains(*user)) {
                Some(user) => self.waiting.entry(user.clone()).or_default().push(row.event),
                None => tally.check(false, || format!("{when}: nobody asked for {:?}", row.event)),
            }
        }
        let revision = self.client.status().expect("a status").revision;
        // A request that was given up may still be on its way through the new daemon.
        let is_at_rest = self.arena.seats.iter().all(|seat| seat.lock().expect("a seat").doubt.is_none());
        tally.check(revision == self.revision || revision > self.revision && !is_at_rest, || {
            format!("{when}: the store is at {revision}, the audit at {}", self.revision)
        });
    }

    /// The rows are those of the acknowledged changes; one more if the change in doubt was made.
    fn settle(&mut self, seat: &mut Seat, rows: &[AuditEvent], when: &str) {
        let tally = &self.arena.tally;
        let doubt = seat.doubt.take().and_then(|doubt| doubt.change);
        let (acknowledged, rest) = rows.split_at(seat.rows.len().min(rows.len()));
        tally.check(acknowledged == seat.rows.as_slice(), || {
            format!("{when}: {} was told {:?}, and the audit has {rows:?}", seat.user, seat.rows)
        });
        match (rest, doubt) {
            ([], None) => {}
            ([], Some((action, key))) => {
                self.counts.not_at_all += 1;
                self.compare_unmade(seat, action, key.as_ref(), when);
            }
            ([made], Some((action, key))) if *made == action.row(&seat.user) => {
                self.counts.whole += 1;
                // That it ended is known by now from the daemon itself.
                seat.carry_out(action, key, &self.arena.board, clock::now());
            }
            (rest, doubt) => tally.check(false, || {
                let action = doubt.map(|(action, _)| action);
                format!("{when}: the audit has {rest:?} of {}, in doubt was {action:?}", seat.user)
            }),
        }
    }

    /// A save that was not made left nothing behind, and its draft is gone.
    fn compare_unmade(&self, seat: &Seat, action: Action, key: Option<&ApiKey>, when: &str) {
        if let (Action::Save { key_id, .. }, Some(key)) = (action, key) {
            self.compare_lost_draft(&seat.user, key, when);
            let record = self.client.retrieve_key(key_id);
            let is_so = is_not_found(&record);
            self.arena.tally.check(is_so, || format!("{when}: {action:?} of {} left {record:?}", seat.user));
        }
    }

    fn compare_lost_draft(&self, user: &UserId, key: &ApiKey, when: &str) {
        let key_id = key.id();
        let verdict = self.client.validate(key).expect("a verdict");
        let is_so = verdict == Verdict::Refused(Refusal::UnknownKey);
        self.arena.tally.check(is_so, || format!("{when}: the draft {key_id} of {user} is {verdict:?}"));
        let saved = self.client.save(key_id, SaveMode::Add);
        let is_so = is_not_found(&saved);
        self.arena
            .tally
            .check(is_so, || format!("{when}: the draft {key_id} of {user} was saved: {saved:?}"));
    }

    fn compare_seat(&self, seat: &Seat, deaths: u64, when: &str) {
        let tally = &self.arena.tally;
        let touched: BTreeSet<KeyId> = seat.touched.iter().copied().chain(seat.active_id()).collect();
        for key_id in touched {
            let record = self.client.retrieve_key(key_id);
            let is_so = record.as_ref().is_ok_and(|record| is_as_saved(seat, record));
            tally.check(is_so, || {
                format!(
                    "{when}: {key_id} of {} must be {:?} and is {record:?}",
                    seat.user,
                    seat.keys.get(&key_id)
                )
            });
        }
        let active = self.client.retrieve_user(&seat.user);
        let is_so = match seat.active_id() {
            Some(key_id) => active.as_ref().is_ok_and(|record| record.key_id == key_id),
            None => is_not_found(&active),
        };
        tally.check(is_so, || {
            format!("{when}: the key of {} must be {:?} and is {active:?}", seat.user, seat.active_id())
        });
        for key in &seat.remembered {
            let verdict = self.client.validate(key).expect("a verdict");
            check_verdict(self.arena, seat, key.id(), &verdict, when);
        }
        self.compare_repetitions(seat, when);
        if let Some(draft) = seat.abandoned.as_ref().filter(|draft| draft.gone_by <= deaths) {
            self.compare_lost_draft(&seat.user, &draft.key, when);
        }
    }

    /// Requests of before the kill get the same answers.
    fn compare_repetitions(&self, seat: &Seat, when: &str) {
        let tally = &self.arena.tally;
        if let Some(key_id) = seat.remembered.back().map(ApiKey::id) {
            let must = seat.keys[&key_id];
            let again = self.client.save(key_id, must.mode());
            let is_so = again.as_ref().is_ok_and(|again| {
                again.replaced == must.replaced
                    && again.key.key_id == key_id
                    && must.is_state(again.key.state)
            });
            tally.check(is_so, || format!("{when}: {must:?} of {}, saved again: {again:?}", seat.user));
        }
        let ended = |key_id: &&KeyId| seat.keys.get(key_id).is_some_and(|saved| saved.ended.is_some());
        if let Some(key_id) = seat.touched.iter().rev().find(ended) {
            let must: Option<RevocationCause> = seat.keys[key_id].ended;
            let again = self.client.delete(*key_id);
            let is_so = again.as_ref().is_ok_and(|again| {
                matches!(again.outcome, DeleteOutcome::AlreadyRevoked { cause, .. } if Some(cause) == must)
            });
            tally.check(is_so, || format!("{when}: {key_id} of {}, deleted again: {again:?}", seat.user));
        }
    }

    /// Compares every record, and verifies the whole audit from the head of the last time on.
    pub(super) fn compare_all(&mut self, when: &str) {
        let tally = &self.arena.tally;
        let seats: Vec<_> = self.arena.seats.iter().map(|seat| seat.lock().expect("a seat")).collect();
        let by_user: BTreeMap<&UserId, &Seat> = seats.iter().map(|seat| (&seat.user, &**seat)).collect();
        let in_doubt = |user: &UserId| by_user.get(user).is_some_and(|seat| seat.doubt.is_some());
        let (mut records, mut active) = (0, BTreeSet::new());
        for record in all_records(&self.client) {
            if in_doubt(&record.user) {
                continue;
            }
            records += 1;
            let is_so = match by_user.get(&record.user) {
                Some(seat) => is_as_saved(seat, &record),
                None => self.residents.contains(&record.key_id) && record.state == KeyState::Active,
            };
            tally.check(is_so, || format!("{when}: {record:?} is not what was acknowledged"));
            let is_only = record.state != KeyState::Active || active.insert(record.user.clone());
            tally.check(is_only, || format!("{when}: {} has two active keys", record.user));
        }
        let settled = seats.iter().filter(|seat| seat.doubt.is_none());
        let must = settled.map(|seat| seat.keys.len()).sum::<usize>() + self.residents.len();
        tally.check(records == must, || format!("{when}: {records} records, {must} were acknowledged"));
        let report = self.client.audit_verify(Some(self.head)).expect("a verified audit");
        let is_so = report.fault.is_none() && report.rows == report.head.revision;
        tally.check(is_so, || format!("{when}: the audit is {report:?}"));
        self.head = report.head;
        self.counts.wholes += 1;
        self.counts.records = u64::try_from(records).unwrap_or(u64::MAX);
    }
}

fn is_as_saved(seat: &Seat, record: &KeyRecord) -> bool {
    let must = seat.keys.get(&record.key_id);
    record.user == seat.user && must.is_some_and(|must| must.is_state(record.state))
}

fn is_not_found<T>(answer: &Result<T, Error>) -> bool {
    answer.as_ref().is_err_and(|error| error.status() == Some(Status::NotFound))
}

fn all_records(client: &Client) -> Vec<KeyRecord> {
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let request = List::new().after(after).include_revoked(true);
        let page = client.list(&request).expect("a page of the list");
        records.extend(page.keys);
        match page.next {
            Some(next) => after = Some(next),
            None => return records,
        }
    }
}
