//! Random lives of many keys through the real service, held against the reference model.

use crate::house::{House, START, peer};
use apikeyd::operations::{ErrorKind, Settings};
use apikeyd_kit::life::{Action, Draft, Model, Standing, World};
use apikeyd_kit_service::{actor, carry_out, kind, permit};
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::{Generate, RetrieveUser};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::{CredentialsCause, KeyState, SaveMode};
use core::time::Duration;
use proptest::prelude::*;

const MINUTE: u64 = 60_000;
const DRAFT_TTL: Duration = Duration::from_millis(10 * MINUTE);
const RETENTION: Duration = Duration::from_millis(60 * MINUTE);

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
        || prop_oneof![4 => (1..20_u64).prop_map(|n| n * MINUTE), 1 => 1..1000_u64, 1 => Just(60 * MINUTE)];
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

fn user_id(user: u8) -> UserId {
    UserId::parse(&format!("user-{user}")).unwrap()
}

const fn uid_of(uid: u8) -> u32 {
    1000 + uid as u32
}

/// The service, the model beside it, and all keys that were ever generated.
struct Both {
    house: House,
    model: Model,
    keys: Vec<ApiKey>,
}

impl Both {
    /// Makes one step in both worlds, and compares what they say.
    fn step(&mut self, step: &Step) {
        let now = self.house.now();
        // A step on a key before there is one is no step.
        let nth = |key: usize| key.checked_rem(self.keys.len());
        match *step {
            Step::Generate { user, uid, expires_in } => self.generate(user, uid, expires_in),
            Step::Save { key, mode, uid } => {
                let Some(at) = nth(key) else { return };
                self.change(uid, Action::Save { key_id: self.keys[at].id(), mode });
            }
            Step::Delete { key, uid } => {
                let Some(at) = nth(key) else { return };
                self.change(uid, Action::Delete { key_id: self.keys[at].id() });
            }
            Step::Credentials { user } => {
                self.change(0, Action::Credentials { user: user_id(user), cause: CredentialsCause::Reset });
            }
            Step::DeleteUser { user } => self.change(0, Action::DeleteUser { user: user_id(user) }),
            Step::Validate { key, forged } => {
                let Some(at) = nth(key) else { return };
                let (house, key) = (&self.house, &self.keys[at]);
                let verdict = if forged { house.verdict(house.forged(key)) } else { house.verdict(key) };
                assert_eq!(verdict, self.verdict(key.id(), forged));
            }
            Step::Retrieve { key } => {
                let Some(at) = nth(key) else { return };
                let key_id = self.keys[at].id();
                let found = self.house.session().record(key_id).map(|record| record.state);
                let expected = match self.model.standing(key_id, now) {
                    Standing::Saved(state) => Ok(state),
                    Standing::NotSaved | Standing::Unknown => Err(ErrorKind::NotFound),
                };
                assert_eq!(found.map_err(|error| error.kind), expected);
            }
            Step::RetrieveUser { user } => {
                let request = RetrieveUser::new(user_id(user));
                let found = self.house.service().retrieve_user(&self.house.permit(), &request);
                let active = self.model.world.active(&user_id(user), now);
                let found = found.map(|record| record.key_id).map_err(|error| error.kind);
                assert_eq!(found, active.ok_or(ErrorKind::NotFound));
            }
            Step::List { include_revoked } => {
                let found = self.house.session().records(3, include_revoked).unwrap();
                let found: Vec<_> = found.iter().map(|record| record.key_id).collect();
                let stored = self.model.world.keys.iter();
                let wanted = stored.filter(|(_, key)| include_revoked || key.is_active(now));
                assert_eq!(found, wanted.map(|(key_id, _)| *key_id).collect::<Vec<_>>());
            }
            Step::Advance { millis } => self.house.advance(Duration::from_millis(millis)),
            Step::Maintain => {
                self.house.maintain();
                self.model.world.expire_all(now);
                self.model.world.purge(now, RETENTION);
            }
            Step::Restart => {
                self.house.restart();
                self.model.drafts.clear();
            }
        }
        let condition = self.house.condition();
        let rows = self.model.world.rows.len() as u64;
        assert_eq!(condition.revision, rows, "one row for each change, none without");
        assert_eq!((condition.active_keys, condition.revoked_keys), self.model.world.counts());
    }

    fn change(&mut self, uid: u8, action: Action) {
        let (house, uid) = (&self.house, uid_of(uid));
        let expected = self.model.decide(&action, uid, actor(uid), house.now()).map_err(kind);
        let answer = house.run(carry_out(house.service(), uid, action.clone()));
        assert_eq!(answer.map_err(|error| error.kind), expected, "{action:?}");
    }

    fn generate(&mut self, user: u8, uid: u8, expires_in: Option<u64>) {
        let (house, user, uid) = (&self.house, user_id(user), uid_of(uid));
        let later = |millis| house.now().saturating_add(Duration::from_millis(millis));
        let expires_at = expires_in.map(later);
        let request = Generate::new(user.clone()).expires_at(expires_at);
        let generated = house.service().generate(&permit(house.service(), &peer(uid)), request).unwrap();
        let until = house.now().saturating_add(DRAFT_TTL);
        assert_eq!(generated.draft_expires_at, until);
        self.model.generated(generated.key_id, Draft { user, label: None, uid, expires_at, until });
        self.keys.push(generated.key);
    }

    fn verdict(&self, key_id: KeyId, forged: bool) -> String {
        match self.model.standing(key_id, self.house.now()) {
            Standing::Unknown => "refused UnknownKey".into(),
            _ if forged => "refused WrongSecret".into(),
            Standing::NotSaved => "refused NotSaved".into(),
            Standing::Saved(KeyState::Active) => format!("valid {}", self.model.world.keys[&key_id].user),
            Standing::Saved(KeyState::Revoked { cause, .. }) => format!("refused Revoked({cause:?})"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_service_does_what_the_model_does(steps in steps()) {
        let house = House::with(|dir| Settings {
            retention: Some(RETENTION),
            draft_ttl: DRAFT_TTL,
            ..Settings::in_dir(dir)
        });
        let policy = *blake3::hash(apikeyd_policy::SHIPPED.as_bytes()).as_bytes();
        let mut both = Both { house, model: Model::new(World::new(START, policy)), keys: Vec::new() };
        for one in &steps {
            both.step(one);
        }
        let rows = both.house.audit_rows();
        prop_assert_eq!(&rows, &both.model.world.rows);
        let report = both.house.report();
        prop_assert_eq!((report.fault, report.rows), (None, rows.len() as u64));
    }
}
