//! Random lives of many keys through the real service, held against a small model that is obviously right.
//!
//! The model keeps every key ever generated in a list, and answers by looking through it.

use crate::house::{ADMIN, House, START, peer};
use apikeyd::operations::ErrorKind;
use apikeyd::operations::{ServiceError, Settings, authorise};
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::{
    CredentialsChanged, Delete, DeleteOutcome, DeleteUser, Generate, List, RetrieveKey, RetrieveUser, Save,
    UserRevoked,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::{CredentialsCause, KeyState, RevocationCause, SaveMode};
use apikeyd_protocol::time::Timestamp;
use core::time::Duration;
use proptest::prelude::*;

const MINUTE: u64 = 60_000;
const DRAFT_TTL: u64 = 10 * MINUTE;
const RETENTION: u64 = 60 * MINUTE;

#[derive(Clone, Debug)]
enum Step {
    Generate { user: u8, uid: u8, expires_in: Option<u64> },
    Save { key: usize, mode: SaveMode, uid: u8 },
    Delete { key: usize, uid: u8 },
    Credentials { user: u8 },
    DeleteUser { user: u8 },
    Validate { key: usize, forged: bool },
    Retrieve { key: usize },
    RetrieveUser { user: u8 },
    List { include_revoked: bool },
    Advance { millis: u64 },
    Maintain,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0..40_usize;
    let uid = || prop_oneof![4 => Just(0_u8), 1 => Just(1_u8)];
    let user = || 0..4_u8;
    let mode = || prop_oneof![Just(SaveMode::Add), Just(SaveMode::Replace)];
    // Mostly whole minutes, so that steps meet dates to the millisecond.
    let millis =
        || prop_oneof![4 => (1..20_u64).prop_map(|n| n * MINUTE), 1 => 1..1000_u64, 1 => Just(RETENTION)];
    let step = prop_oneof![
        8 => (user(), uid(), proptest::option::of(millis()))
            .prop_map(|(user, uid, expires_in)| Step::Generate { user, uid, expires_in }),
        10 => (key(), mode(), uid()).prop_map(|(key, mode, uid)| Step::Save { key, mode, uid }),
        3 => (key(), uid()).prop_map(|(key, uid)| Step::Delete { key, uid }),
        1 => user().prop_map(|user| Step::Credentials { user }),
        1 => user().prop_map(|user| Step::DeleteUser { user }),
        6 => (key(), any::<bool>()).prop_map(|(key, forged)| Step::Validate { key, forged }),
        2 => key().prop_map(|key| Step::Retrieve { key }),
        2 => user().prop_map(|user| Step::RetrieveUser { user }),
        1 => any::<bool>().prop_map(|include_revoked| Step::List { include_revoked }),
        4 => millis().prop_map(|millis| Step::Advance { millis }),
        2 => Just(Step::Maintain),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..50)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Draft { until: u64 },
    Gone,
    Saved { mode: SaveMode, replaced: Option<KeyId>, ended: Option<(RevocationCause, u64)> },
}

struct ModelKey {
    key: ApiKey,
    user: u8,
    uid: u8,
    expires_at: Option<u64>,
    state: State,
}

struct Model {
    keys: Vec<ModelKey>,
    now: u64,
    revision: u64,
}

impl Model {
    /// What a saved key counts as: why and when it ended, `None` while it is active.
    fn ended(&self, key: &ModelKey) -> Option<Option<(RevocationCause, u64)>> {
        match key.state {
            State::Saved { ended: Some(ended), .. } => Some(Some(ended)),
            State::Saved { ended: None, .. } => {
                Some(key.expires_at.filter(|at| *at <= self.now).map(|at| (RevocationCause::Expired, at)))
            }
            State::Draft { .. } | State::Gone => None,
        }
    }

    fn is_draft(&self, key: &ModelKey) -> bool {
        matches!(key.state, State::Draft { until } if until > self.now)
    }

    fn active(&self, user: u8) -> Option<usize> {
        self.keys.iter().position(|key| key.user == user && self.ended(key) == Some(None))
    }

    fn draft_of(&self, user: u8) -> Option<usize> {
        self.keys.iter().position(|key| key.user == user && self.is_draft(key))
    }

    fn drop_draft(&mut self, user: u8) -> Option<KeyId> {
        let draft = self.draft_of(user)?;
        self.keys[draft].state = State::Gone;
        Some(self.keys[draft].key.id())
    }

    fn end(&mut self, at: usize, reason: RevocationCause, when: u64) {
        if let State::Saved { ended, .. } = &mut self.keys[at].state {
            assert_eq!(*ended, None);
            *ended = Some((reason, when));
            self.revision += 1;
        }
    }

    /// Writes down that a key's date has passed, if it has and nobody did yet.
    fn write_expiry(&mut self, at: usize) {
        let written = !matches!(self.keys[at].state, State::Saved { ended: None, .. });
        if let (false, Some(Some((reason, when)))) = (written, self.ended(&self.keys[at])) {
            self.end(at, reason, when);
        }
    }

    /// The same for whatever key is stored as the user's.
    fn write_expiry_of(&mut self, user: u8) {
        for at in 0..self.keys.len() {
            if self.keys[at].user == user {
                self.write_expiry(at);
            }
        }
    }

    fn end_user(&mut self, user: u8, reason: RevocationCause) -> UserRevoked {
        let active = self.active(user);
        self.write_expiry_of(user);
        if let Some(at) = active {
            self.end(at, reason, self.now);
        }
        UserRevoked { key_id: active.map(|at| self.keys[at].key.id()), draft: self.drop_draft(user) }
    }

    fn save(&mut self, at: usize, mode: SaveMode, uid: u8) -> Result<Option<KeyId>, ErrorKind> {
        let user = self.keys[at].user;
        let owned = self.keys[at].uid == uid;
        match self.keys[at].state {
            State::Saved { .. } | State::Draft { .. } if !owned && self.is_known(at) => {
                return Err(ErrorKind::NotPermitted);
            }
            State::Saved { mode: before, replaced, .. } => {
                return if before == mode { Ok(replaced) } else { Err(ErrorKind::Conflict) };
            }
            State::Draft { .. } if self.is_draft(&self.keys[at]) => {}
            State::Draft { .. } | State::Gone => return Err(ErrorKind::NotFound),
        }
        if self.keys[at].expires_at.is_some_and(|at| at <= self.now) {
            return Err(ErrorKind::InvalidArgument);
        }
        let active = self.active(user);
        let replaced = match (mode, active) {
            (SaveMode::Add, Some(_)) => return Err(ErrorKind::Conflict),
            (SaveMode::Replace, None) => return Err(ErrorKind::NotFound),
            (SaveMode::Add, None) => None,
            (SaveMode::Replace, Some(old)) => Some(self.keys[old].key.id()),
        };
        self.write_expiry_of(user);
        if let Some(old) = active {
            // One change ends the old key and adds the new one.
            self.end(old, RevocationCause::Replaced, self.now);
            self.revision -= 1;
        }
        self.keys[at].state = State::Saved { mode, replaced, ended: None };
        self.revision += 1;
        Ok(replaced)
    }

    fn is_known(&self, at: usize) -> bool {
        self.is_draft(&self.keys[at]) || matches!(self.keys[at].state, State::Saved { .. })
    }

    fn delete(&mut self, at: usize, uid: u8) -> Result<DeleteOutcome, ErrorKind> {
        match self.ended(&self.keys[at]) {
            Some(None) => {
                self.end(at, RevocationCause::Deleted, self.now);
                Ok(DeleteOutcome::Revoked)
            }
            Some(Some((cause, when))) => {
                self.write_expiry(at);
                Ok(DeleteOutcome::AlreadyRevoked { cause, at: Timestamp::from_unix_millis(when) })
            }
            None if !self.is_draft(&self.keys[at]) => Err(ErrorKind::NotFound),
            None if self.keys[at].uid != uid => Err(ErrorKind::NotPermitted),
            None => {
                self.keys[at].state = State::Gone;
                Ok(DeleteOutcome::DraftDiscarded)
            }
        }
    }

    fn verdict(&self, at: usize, forged: bool) -> String {
        let key = &self.keys[at];
        match self.ended(key) {
            None if !self.is_draft(key) => "refused UnknownKey".into(),
            _ if forged => "refused WrongSecret".into(),
            None => "refused NotSaved".into(),
            Some(None) => format!("valid {}", name(key.user)),
            Some(Some((reason, _))) => format!("refused Revoked({reason:?})"),
        }
    }

    fn maintain(&mut self) {
        for at in 0..self.keys.len() {
            self.write_expiry(at);
            if let State::Saved { ended: Some((_, when)), .. } = self.keys[at].state
                && when + RETENTION <= self.now
            {
                self.keys[at].state = State::Gone;
                self.revision += 1;
            }
        }
    }

    fn stored(&self) -> (u64, u64) {
        let ended = |key: &&ModelKey| matches!(key.state, State::Saved { ended: Some(_), .. });
        let saved = self.keys.iter().filter(|key| matches!(key.state, State::Saved { .. })).count();
        let ended = self.keys.iter().filter(ended).count();
        ((saved - ended) as u64, ended as u64)
    }
}

fn name(user: u8) -> String {
    format!("user-{user}")
}

fn user_id(user: u8) -> UserId {
    UserId::parse(&name(user)).unwrap()
}

fn status<T>(answer: Result<T, ServiceError>) -> Result<T, ErrorKind> {
    answer.map_err(|error| error.kind)
}

/// Makes one step in both worlds, and compares what they say.
fn step(house: &mut House, model: &mut Model, step: &Step) {
    let caller = |uid: u8| peer(1000 + u32::from(uid));
    // A step on a key before there is one is no step.
    let nth = |key: usize| key.checked_rem(model.keys.len());
    match *step {
        Step::Generate { user, uid, expires_in } => generate(house, model, user, uid, expires_in),
        Step::Save { key, mode, uid } => {
            let Some(at) = nth(key) else { return };
            let (key_id, caller) = (model.keys[at].key.id(), caller(uid));
            let permit = authorise(house.service().standing(|| ADMIN), &caller).unwrap();
            let saved = status(house.run(house.service().save(&permit, Save::new(key_id, mode))));
            assert_eq!(saved.map(|saved| saved.replaced), model.save(at, mode, uid));
        }
        Step::Delete { key, uid } => {
            let Some(at) = nth(key) else { return };
            let (key_id, caller) = (model.keys[at].key.id(), caller(uid));
            let permit = authorise(house.service().standing(|| ADMIN), &caller).unwrap();
            let deleted = status(house.run(house.service().delete(&permit, Delete::new(key_id))));
            assert_eq!(deleted.map(|deleted| deleted.outcome), model.delete(at, uid));
        }
        Step::Credentials { user } => {
            let permit = authorise(house.service().standing(|| ADMIN), &house.peer).unwrap();
            let request = CredentialsChanged::new(user_id(user), CredentialsCause::Reset);
            let ended = house.run(house.service().credentials_changed(&permit, request)).unwrap();
            assert_eq!(ended, model.end_user(user, RevocationCause::CredentialsChanged));
        }
        Step::DeleteUser { user } => {
            let permit = authorise(house.service().standing(|| ADMIN), &house.peer).unwrap();
            let request = DeleteUser::new(user_id(user));
            let ended = house.run(house.service().delete_user(&permit, request)).unwrap();
            assert_eq!(ended, model.end_user(user, RevocationCause::UserDeleted));
        }
        Step::Validate { key, forged } => {
            let Some(at) = nth(key) else { return };
            let key = &model.keys[at].key;
            let verdict = if forged { house.verdict(&house.forged(key)) } else { house.verdict(key) };
            assert_eq!(verdict, model.verdict(at, forged));
        }
        Step::Retrieve { key } => {
            let Some(at) = nth(key) else { return };
            retrieve(house, model, at);
        }
        Step::RetrieveUser { user } => {
            let permit = authorise(house.service().standing(|| ADMIN), &house.peer).unwrap();
            let found = house.service().retrieve_user(&permit, &RetrieveUser::new(user_id(user)));
            let active = model.active(user).map(|at| model.keys[at].key.id());
            assert_eq!(status(found).map(|record| record.key_id), active.ok_or(ErrorKind::NotFound));
        }
        Step::List { include_revoked } => list(house, model, include_revoked),
        Step::Advance { millis } => {
            house.advance(Duration::from_millis(millis));
            model.now += millis;
        }
        Step::Maintain => {
            house.maintain();
            model.maintain();
        }
        Step::Restart => {
            house.restart();
            let drafts = model.keys.iter_mut().filter(|key| matches!(key.state, State::Draft { .. }));
            drafts.for_each(|key| key.state = State::Gone);
        }
    }
    let condition = house.condition();
    assert_eq!(condition.revision, model.revision, "one row for each change, none without");
    assert_eq!((condition.active_keys, condition.revoked_keys), model.stored());
}

fn generate(house: &House, model: &mut Model, user: u8, uid: u8, expires_in: Option<u64>) {
    let caller = peer(1000 + u32::from(uid));
    let permit = authorise(house.service().standing(|| ADMIN), &caller).unwrap();
    let expires_at = expires_in.map(|millis| model.now + millis);
    let request = Generate::new(user_id(user)).expires_at(expires_at.map(Timestamp::from_unix_millis));
    let generated = house.service().generate(&permit, request).unwrap();
    let until = model.now + DRAFT_TTL;
    assert_eq!(generated.draft_expires_at.unix_millis(), until);
    model.drop_draft(user);
    model.keys.push(ModelKey { key: generated.key, user, uid, expires_at, state: State::Draft { until } });
}

fn retrieve(house: &House, model: &Model, at: usize) {
    let key = &model.keys[at];
    let permit = authorise(house.service().standing(|| ADMIN), &house.peer).unwrap();
    let found = status(house.service().retrieve_key(&permit, RetrieveKey::new(key.key.id())));
    let expected = model.ended(key).map(|ended| match ended {
        None => KeyState::Active,
        Some((cause, when)) => KeyState::Revoked { cause, at: Timestamp::from_unix_millis(when) },
    });
    assert_eq!(found.map(|record| record.state), expected.ok_or(ErrorKind::NotFound));
}

fn list(house: &House, model: &Model, include_revoked: bool) {
    let permit = authorise(house.service().standing(|| ADMIN), &house.peer).unwrap();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = house
            .service()
            .list(&permit, List::new().after(after).limit(3).include_revoked(include_revoked), &|| false)
            .unwrap();
        assert!(page.keys.len() <= 3);
        found.extend(page.keys.iter().map(|record| record.key_id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let wanted = |key: &&ModelKey| model.ended(key).is_some_and(|ended| include_revoked || ended.is_none());
    let mut expected: Vec<_> = model.keys.iter().filter(wanted).map(|key| key.key.id()).collect();
    expected.sort();
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_service_does_what_the_model_does(steps in steps()) {
        let mut house = House::with(|dir| Settings {
            retention: Some(Duration::from_millis(RETENTION)),
            draft_ttl: Duration::from_millis(DRAFT_TTL),
            ..Settings::in_dir(dir)
        });
        let mut model = Model { keys: Vec::new(), now: START.unix_millis(), revision: 1 };
        for one in &steps {
            step(&mut house, &mut model, one);
        }
        let report = house.report();
        prop_assert_eq!((report.fault, report.rows), (None, model.revision));
    }
}
