//! One draft for each user, a share for each uid, and an end for each draft.

use super::*;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy};

/// A table of one draft.
const ONE: DraftLimits = DraftLimits { all: 1, share: 1 };

fn at(millis: u64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn id(id: u64) -> KeyId {
    KeyId::new(id).unwrap()
}

fn draft(id: u64, user: &str, until: u64) -> Draft {
    draft_of(1000, id, user, until)
}

fn draft_of(owner: u32, id: u64, user: &str, until: u64) -> Draft {
    Draft {
        key_id: KeyId::new(id).unwrap(),
        user: UserId::parse(user).unwrap(),
        label: None,
        expires_at: None,
        tag: KeyTag::from_bytes([0; 32]),
        owner,
        draft_expires_at: at(until),
    }
}

#[test]
fn a_newer_draft_of_a_user_takes_the_place_of_the_older_one() {
    let mut drafts = Drafts::new(ONE);
    drafts.insert(at(0), draft(1, "a", 10)).unwrap();
    drafts.insert(at(1), draft(2, "a", 11)).unwrap();
    assert_eq!(drafts.get(at(1), id(1)), None);
    assert_eq!(drafts.of_user(at(1), &UserId::parse("a").unwrap()).unwrap().key_id.get(), 2);
    assert_eq!(drafts.len(), 1);
}

#[test]
fn a_full_table_refuses_other_users_until_a_draft_expires() {
    let mut drafts = Drafts::new(DraftLimits { all: 1, share: 2 });
    drafts.insert(at(0), draft(1, "a", 10)).unwrap();
    assert_eq!(drafts.insert(at(9), draft(2, "b", 20)), Err(DraftsFull::All));
    assert!(drafts.get(at(9), id(1)).is_some());
    drafts.insert(at(10), draft(2, "b", 20)).unwrap();
    assert_eq!(drafts.len(), 1);
}

#[test]
fn a_draft_ends_at_its_instant() {
    let mut drafts = Drafts::new(DraftLimits { all: 8, share: 8 });
    drafts.insert(at(0), draft(1, "a", 10)).unwrap();
    assert!(drafts.get(at(9), id(1)).is_some());
    assert!(drafts.get(at(10), id(1)).is_none(), "gone before anybody swept");
    drafts.expire(at(10));
    assert!(drafts.is_empty() && drafts.by_user.is_empty() && drafts.by_expiry.is_empty());
    assert!(drafts.shares.is_empty());
}

#[test]
fn a_draft_that_replaces_another_uids_counts_for_the_uid_that_made_it() {
    let mut drafts = Drafts::new(DraftLimits { all: 8, share: 1 });
    drafts.insert(at(0), draft_of(1, 1, "a", 10)).unwrap();
    drafts.insert(at(0), draft_of(2, 2, "a", 10)).unwrap();
    drafts.insert(at(0), draft_of(1, 3, "b", 10)).unwrap();
    let full = DraftsFull::Share { limit: 1, first: true };
    assert_eq!(drafts.insert(at(0), draft_of(2, 4, "b", 10)), Err(full), "it would be its second one");
    assert!(drafts.get(at(0), id(3)).is_some(), "and the other's stays");
}

#[test]
fn a_full_share_is_told_once_until_it_was_half_empty() {
    let mut drafts = Drafts::new(DraftLimits { all: 8, share: 4 });
    let told = |drafts: &mut Drafts| match drafts.insert(at(0), draft(99, "z", 10)) {
        Err(DraftsFull::Share { first, .. }) => first,
        other => panic!("{other:?}"),
    };
    for number in 1..=4 {
        drafts.insert(at(0), draft(number, &number.to_string(), 10)).unwrap();
    }
    assert!(told(&mut drafts) && !told(&mut drafts));
    drafts.remove(id(4));
    drafts.insert(at(0), draft(4, "4", 10)).unwrap();
    assert!(!told(&mut drafts), "one went and one came");
    drafts.remove(id(4));
    drafts.remove(id(3));
    drafts.insert(at(0), draft(3, "3", 10)).unwrap();
    drafts.insert(at(0), draft(4, "4", 10)).unwrap();
    assert!(told(&mut drafts));
}

#[derive(Clone, Debug)]
enum Step {
    Insert { owner: u32, user: u8, life: u64 },
    Remove { number: usize },
    Wait { millis: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let insert = (0_u32..4, 0_u8..12, 1_u64..40);
    prop_oneof![
        6 => insert.prop_map(|(owner, user, life)| Step::Insert { owner, user, life }),
        2 => (0_usize..64).prop_map(|number| Step::Remove { number }),
        1 => (0_u64..30).prop_map(|millis| Step::Wait { millis }),
        1 => Just(Step::Remove { number: usize::MAX }),
    ]
}

/// All drafts in a list, where every answer is found by going through it.
#[derive(Default)]
struct Model(Vec<Draft>);

impl Model {
    fn insert(&mut self, limits: DraftLimits, now: Timestamp, draft: Draft) -> bool {
        self.0.retain(|old| old.draft_expires_at > now);
        let others: Vec<_> = self.0.iter().filter(|old| old.user != draft.user).cloned().collect();
        // What it would contain afterwards.
        let own = others.iter().filter(|old| old.owner == draft.owner).count() + 1;
        let had = self.0.iter().filter(|old| old.owner == draft.owner).count();
        if others.len() + 1 > limits.all || own > limits.share.max(had) {
            return false;
        }
        self.0 = others;
        self.0.push(draft);
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// In any order of making, replacing, dropping, saving and expiring: each uid's count is the number of its
    /// drafts, and it is refused exactly when its share is full.
    #[test]
    fn shares_are_exact(all in 1_usize..12, share in 1_usize..6, steps in vec(step(), 0..200)) {
        let limits = DraftLimits { all, share };
        let (mut drafts, mut model, mut now, mut next) = (Drafts::new(limits), Model::default(), 0, 1);
        for step in steps {
            match step {
                Step::Insert { owner, user, life } => {
                    let draft = draft_of(owner, next, &user.to_string(), now + life);
                    next += 1;
                    let taken = drafts.insert(at(now), draft.clone()).is_ok();
                    prop_assert_eq!(taken, model.insert(limits, at(now), draft));
                }
                Step::Remove { number } => {
                    let key_id = model.0.get(number).map_or(id(1_000_000), |draft| draft.key_id);
                    drafts.remove(key_id);
                    model.0.retain(|draft| draft.key_id != key_id);
                }
                Step::Wait { millis } => {
                    now += millis;
                    drafts.expire(at(now));
                    model.0.retain(|draft| draft.draft_expires_at > at(now));
                }
            }
            let mut counted: BTreeMap<u32, usize> = BTreeMap::new();
            for draft in &model.0 {
                *counted.entry(draft.owner).or_default() += 1;
                prop_assert_eq!(drafts.by_id.get(&draft.key_id), Some(draft));
            }
            let shares: BTreeMap<u32, usize> =
                drafts.shares.iter().map(|(uid, share)| (*uid, share.drafts)).collect();
            prop_assert_eq!(shares, counted);
            prop_assert_eq!(drafts.len(), model.0.len());
            prop_assert_eq!(drafts.by_user.len(), model.0.len());
            prop_assert_eq!(drafts.by_expiry.len(), model.0.len());
        }
    }
}
