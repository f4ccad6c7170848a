//! Holding what the service shows against what it may hold.

use super::disk::SimulatedDisk;
use super::site::{Outcome, Site};
use super::turns::transactions;
use apikeyd::operations::ErrorKind;
use apikeyd::operations::ServiceError;
use apikeyd_kit::life::{Action, Model, World};
use apikeyd_kit_service::{actor, kind, peer, permit};
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{AuditList, AuditVerify, KeyRecord, List, StoreState};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::{AuditRow, KeyState, SaveMode};
use apikeyd_protocol::time::Timestamp;
use redb::Builder;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A promise that was broken, in words.
pub(crate) type Broken = String;

/// What the service shows.
struct Seen {
    records: BTreeMap<KeyId, KeyRecord>,
    rows: Vec<AuditRow>,
}

impl Site {
    /// Checks every promise, and settles which of the candidates is stored.
    pub(crate) fn inspect(&mut self) -> Result<(), Broken> {
        self.check_verdicts()?;
        let seen = self.see().map_err(|error| format!("the store cannot be listed: {error}"))?;
        self.check_chain(seen.rows.len())?;
        let now = self.now();
        let differences: Vec<_> = self.candidates.iter().map(|world| difference(&seen, world, now)).collect();
        let Some(at) = differences.iter().position(Option::is_none) else {
            return Err(format!(
                "the store is none of {} that it may be: {differences:?}",
                differences.len()
            ));
        };
        let world = self.candidates[at].clone();
        self.check_counts(&world)?;
        self.check_uses(&seen)?;
        one_active_key_per_user(&seen)?;
        self.settle(world);
        Ok(())
    }

    /// What is the same in all candidates must be what a validation says: above all, an ended key stays ended.
    pub(crate) fn check_verdicts(&mut self) -> Result<(), Broken> {
        let now = self.now();
        for shown in &self.keys {
            let key_id = shown.key.id();
            let states: Vec<_> = self
                .candidates
                .iter()
                .map(|world| world.keys.get(&key_id).map(|key| key.state_at(now)))
                .collect();
            let verdict = match self.verdict(shown) {
                Ok(verdict) => verdict,
                // The disk fails: no answer is no wrong answer.
                Err(ErrorKind::StorageUnavailable) if self.disk.is_cut() || self.disk.hits() > 0 => continue,
                Err(status) => return Err(format!("the validation of key {key_id} failed: {status}")),
            };
            let is_draft = self.model.draft(key_id, now).is_some();
            let allowed: Vec<_> =
                states.iter().map(|state| expected_verdict(*state, is_draft, &shown.user)).collect();
            if !allowed.contains(&verdict) {
                let what = match verdict.starts_with("valid") {
                    true => "a key that does not count is accepted",
                    false => "the verdict is wrong",
                };
                return Err(format!("{what}: key {key_id} is {verdict:?} and should be one of {allowed:?}"));
            }
            if verdict.starts_with("valid") {
                self.used.entry(key_id).or_default().at.insert(now);
            }
        }
        Ok(())
    }

    /// The audit chain is whole, goes on from the last acknowledged change, and has a row for each change.
    fn check_chain(&self, rows: usize) -> Result<(), Broken> {
        let peer = peer(0);
        let verify = AuditVerify::new().known_head(self.head);
        let report = self
            .service()
            .audit_verify(&permit(self.service(), &peer), verify, &|| false)
            .map_err(|error| format!("the audit cannot be verified: {error}"))?;
        if report.fault.is_some() || report.rows != rows as u64 || report.head.revision != report.rows {
            return Err(format!("the audit chain does not verify: {report:?}, and {rows} rows are listed"));
        }
        Ok(())
    }

    fn check_counts(&self, world: &World) -> Result<(), Broken> {
        let peer = peer(0);
        let condition = self.service().condition(&permit(self.service(), &peer));
        let (active, revoked) = world.counts();
        let counts = (condition.active_keys, condition.revoked_keys, condition.revision, condition.store);
        let expected = (active, revoked, world.rows.len() as u64, StoreState::Ready);
        if counts == expected { Ok(()) } else { Err(format!("counts are {counts:?}, not {expected:?}")) }
    }

    /// A last use that was written is not lost, and none is made up.
    fn check_uses(&self, seen: &Seen) -> Result<(), Broken> {
        for (key_id, record) in &seen.records {
            let shown = record.last_used_at;
            let used = self.used.get(key_id);
            let made_up = shown.is_some_and(|at| !used.is_some_and(|used| used.at.contains(&at)));
            let lost = used.is_some_and(|used| shown < used.written);
            if made_up || lost {
                return Err(format!("key {key_id} was last used at {shown:?}, and known is {used:?}"));
            }
        }
        Ok(())
    }

    /// Notes what the service says of last uses; they are written once housekeeping has been done.
    pub(crate) fn uses(&self) -> Vec<(KeyId, Option<Timestamp>)> {
        // On a failing disk nothing is known to be written either.
        let records = self.see().map_or_else(|_| BTreeMap::new(), |seen| seen.records);
        records.into_iter().map(|(key_id, record)| (key_id, record.last_used_at)).collect()
    }

    pub(crate) fn uses_are_written(&mut self, uses: Vec<(KeyId, Option<Timestamp>)>) {
        for (key_id, at) in uses {
            self.used.entry(key_id).or_default().written = at;
        }
    }

    /// Asks for every change once more: each answer is the one that was given, or would have been.
    pub(crate) fn repeat_all(&mut self) -> Result<(), Broken> {
        let mut deeds = Vec::new();
        for shown in &self.keys {
            let key_id = shown.key.id();
            let stored = self.model.world.keys.get(&key_id);
            let mode = stored.map_or(SaveMode::Add, |key| key.saved_as);
            deeds.push((shown.uid, Action::Save { key_id, mode }));
            if stored.is_some_and(|key| !key.is_active(self.now())) {
                deeds.push((shown.uid, Action::Delete { key_id }));
            }
        }
        self.change(deeds)
    }

    /// Asks for changes at once, as many as the writer takes into one transaction, and holds the answers against the
    /// model's. What would come behind a transaction that failed is not asked for.
    pub(crate) fn change(&mut self, deeds: Vec<(u32, Action)>) -> Result<(), Broken> {
        for transaction in transactions(deeds) {
            if !self.change_at_once(&transaction)? {
                break;
            }
        }
        Ok(())
    }

    /// One transaction; false when it failed.
    fn change_at_once(&mut self, deeds: &[(u32, Action)]) -> Result<bool, Broken> {
        let (now, mut after) = (self.now(), self.model.clone());
        let expected: Vec<_> = deeds
            .iter()
            .map(|(uid, action)| after.decide(action, *uid, actor(*uid), now).map_err(kind))
            .collect();
        let answers = self.ask(deeds);
        if answers == expected {
            self.acknowledged += after.world.rows.len() as u64 - self.model.world.rows.len() as u64;
            self.conclude(after, true);
            return Ok(true);
        }
        if !self.disk.is_cut() && self.disk.hits() == 0 {
            let wrong =
                deeds.iter().zip(answers.iter().zip(&expected)).find(|(_, (is, should))| is != should);
            return Err(format!("a wrong answer (question, (is, should be)): {wrong:?}"));
        }
        let right =
            |(is, should): (&Outcome, &Outcome)| is == should || *is == Err(ErrorKind::StorageUnavailable);
        if let Some((is, should)) = answers.iter().zip(&expected).find(|pair| !right(*pair)) {
            return Err(format!("a change on a failing disk was answered {is:?} instead of {should:?}"));
        }
        self.conclude_failed(after, deeds, &answers);
        Ok(false)
    }

    /// Some answers are missing: those changes are there or not. What was answered all the same is acknowledged.
    fn conclude_failed(&mut self, after: Model, deeds: &[(u32, Action)], answers: &[Outcome]) {
        if answers.iter().all(|answer| *answer == Err(ErrorKind::StorageUnavailable)) {
            self.conclude(after, false);
            return;
        }
        let (now, mut answered) = (self.now(), self.model.clone());
        for ((uid, action), answer) in deeds.iter().zip(answers) {
            if *answer != Err(ErrorKind::StorageUnavailable) {
                let _is_as_answered = answered.decide(action, *uid, actor(*uid), now);
            }
        }
        self.model.drafts = answered.drafts;
        self.candidates = vec![answered.world, after.world];
        self.candidates.dedup();
    }

    fn see(&self) -> Result<Seen, ServiceError> {
        let peer = peer(0);
        let (mut records, mut after) = (BTreeMap::new(), None);
        loop {
            let list = List::new().after(after).include_revoked(true);
            let page = self.service().list(&permit(self.service(), &peer), list, &|| false)?;
            records.extend(page.keys.into_iter().map(|record| (record.key_id, record)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let (mut rows, mut from) = (Vec::new(), Some(0));
        while let Some(after) = from {
            let list = AuditList::new().after(after);
            let page = self.service().audit_list(&permit(self.service(), &peer), list, &|| false)?;
            rows.extend(page.rows);
            from = page.next;
        }
        Ok(Seen { records, rows })
    }
}

/// Opens a copy of the disk with the database's own means: it must be whole, and after a clean close it must
/// need no repair.
pub(crate) fn check_database(disk: &SimulatedDisk, was_closed: bool) -> Result<(), Broken> {
    let repaired = Rc::new(Cell::new(false));
    let seen = Rc::clone(&repaired);
    let mut database = Builder::new()
        .set_cache_size(1024 * 1024)
        .set_repair_callback(move |_| seen.set(true))
        .create_with_backend(disk.copy().handle())
        .map_err(|error| format!("the database does not open: {error}"))?;
    match database.check_integrity() {
        Ok(true) => {}
        damage => return Err(format!("the database is not whole: {damage:?}")),
    }
    if was_closed && repaired.get() {
        return Err("the database needed a repair after a clean close".into());
    }
    Ok(())
}

fn expected_verdict(state: Option<KeyState>, is_draft: bool, user: &UserId) -> String {
    match state {
        Some(KeyState::Active) => format!("valid {user}"),
        Some(KeyState::Revoked { cause, .. }) => format!("refused Revoked({cause:?})"),
        None if is_draft => "refused NotSaved".into(),
        None => "refused UnknownKey".into(),
    }
}

/// The first thing in which the store is not this world.
fn difference(seen: &Seen, world: &World, now: Timestamp) -> Option<String> {
    let rows = seen.rows.len().max(world.rows.len());
    if let Some(at) = (0..rows).find(|at| seen.rows.get(*at) != world.rows.get(*at)) {
        return Some(format!("row {}: {:?} instead of {:?}", at + 1, seen.rows.get(at), world.rows.get(at)));
    }
    let ids = seen.records.keys().chain(world.keys.keys());
    for key_id in ids {
        let is = seen.records.get(key_id);
        let should = world.keys.get(key_id).map(|key| KeyRecord {
            key_id: *key_id,
            user: key.user.clone(),
            label: key.label.clone(),
            created_at: key.created_at,
            created_by: key.uid,
            expires_at: key.expires_at,
            last_used_at: is.and_then(|record| record.last_used_at),
            state: key.state_at(now),
        });
        if is != should.as_ref() {
            return Some(format!("key {key_id}: {is:?} instead of {should:?}"));
        }
    }
    None
}

fn one_active_key_per_user(seen: &Seen) -> Result<(), Broken> {
    let mut users: Vec<_> = seen
        .records
        .values()
        .filter(|record| record.state == KeyState::Active)
        .map(|record| record.user.as_str())
        .collect();
    users.sort_unstable();
    match users.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("user {:?} has two active keys", pair[0])),
        None => Ok(()),
    }
}
