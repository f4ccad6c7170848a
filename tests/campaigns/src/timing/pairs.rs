//! What is compared.

use super::LIMIT;
use super::measure::measure;
use super::statistics::Welch;
use crate::in_memory::{Image, Question, Session};
use apikeyd::operations::authorise;
use apikeyd::parts::Parts;
use apikeyd_keystore::domain::KeyTag;
use apikeyd_protocol::key::KeyDigest;
use apikeyd_protocol::message::{Refusal, Validate, Verdict};
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::SaveMode;
use std::hint::black_box;

/// Whether the times of a pair must be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// No difference may be found.
    Same,
    /// A difference of less than a nanosecond may be found: where two records lie, or a branch.
    WithinNanosecond,
    /// A difference is known and said: it tells what is no secret.
    Known,
}

impl Promise {
    /// Whether a test keeps it.
    #[must_use]
    pub fn is_kept(self, test: &Welch) -> bool {
        let same = test.t().abs() < LIMIT;
        match self {
            Self::Same => same,
            Self::WithinNanosecond => same || test.difference().abs() < 1.0,
            Self::Known => true,
        }
    }
}

/// Two questions that are answered alike.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// What is asked.
    pub name: &'static str,
    /// Whether the times must be the same.
    pub promise: Promise,
    questions: fn(&House) -> [Question; 2],
}

/// Every pair that is compared on a real service. An unknown id is looked for in the database, the record of a known
/// one is at hand: that takes longer. Ids are public numbers by chance, of which nobody finds one by trying.
pub const PAIRS: [Pair; 6] = [
    Pair {
        name: "first byte wrong, last byte wrong",
        promise: Promise::Same,
        questions: |house| [wrong(&house.active, 0), wrong(&house.active, 31)],
    },
    Pair {
        name: "one bit wrong, all bits wrong",
        promise: Promise::Same,
        questions: |house| [wrong(&house.active, 31), all_wrong(&house.active)],
    },
    Pair {
        name: "wrong secret of an active key, of an ended key",
        promise: Promise::WithinNanosecond,
        questions: |house| [wrong(&house.active, 31), wrong(&house.ended, 31)],
    },
    Pair {
        name: "wrong secrets of two active keys",
        promise: Promise::WithinNanosecond,
        questions: |house| [wrong(&house.active, 31), wrong(&house.second, 31)],
    },
    Pair {
        name: "ended key, wrong secret of it",
        promise: Promise::WithinNanosecond,
        questions: |house| [house.ended.clone(), wrong(&house.ended, 31)],
    },
    Pair {
        name: "unknown id, wrong secret of a known one",
        promise: Promise::Known,
        questions: |house| [house.unknown.clone(), wrong(&house.active, 31)],
    },
];

/// A service with an active key and an ended one, as a caller sees it who may only validate.
#[derive(Debug)]
pub struct House {
    session: Session,
    active: Question,
    second: Question,
    ended: Question,
    unknown: Question,
}

impl House {
    /// Makes it.
    #[must_use]
    pub fn new() -> Self {
        let session = Session::create(Image::default(), Parts::system());
        let [active, second, ended] = ["active", "second", "ended"].map(|user| {
            let key = session.generate(user, None);
            session.save(key.key_id, SaveMode::Add);
            key
        });
        session.delete(ended.key_id);
        // A draft of another store: known here to nobody.
        let unknown = Session::create(Image::default(), Parts::system()).generate("nobody", None);
        Self { session, active, second, ended, unknown }
    }

    /// Times both questions of a pair.
    #[must_use]
    pub fn compare(&self, pair: &Pair, samples: usize, seed: u64) -> Welch {
        let standing = self.session.service.standing(|| RightSet::EMPTY.with(Right::Validate));
        let permit = authorise(standing, &self.session.peer).unwrap();
        let [one, other] = (pair.questions)(self);
        let mut ask = |question: &Question| {
            let digest = KeyDigest::from_bytes(question.digest);
            let request = Validate::new(question.key_id, digest);
            let refused = |verdict: &Verdict<'_>| matches!(verdict, Verdict::Refused(Refusal::Invalid));
            assert!(
                self.session
                    .service
                    .validate(&permit, &request)
                    .map(|judged| (refused)(&judged.verdict()))
                    .unwrap()
            );
        };
        measure([&one, &other], samples, seed, &mut ask)
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

/// The comparison alone, without the hash before it: tags that differ in the first byte, and in the last.
#[must_use]
pub fn compare_tags(samples: usize, seed: u64) -> Welch {
    compare_with(KeyTag::matches, samples, seed)
}

/// The planted fault: the same with a comparison that stops at the first difference.
#[must_use]
pub fn early_exit(samples: usize, seed: u64) -> Welch {
    compare_with(stops_early, samples, seed)
}

fn compare_with(matches: impl Fn(&KeyTag, &KeyTag) -> bool, samples: usize, seed: u64) -> Welch {
    let right = KeyTag::from_bytes([7; KeyTag::BYTES]);
    let tags = [0, KeyTag::BYTES - 1].map(|at| differing(&right, at));
    let mut compare = |tag: &KeyTag| repeat(|| matches(&right, black_box(tag)));
    measure([&tags[0], &tags[1]], samples, seed, &mut compare)
}

/// One comparison is shorter than the clock can see.
fn repeat(compare: impl Fn() -> bool) {
    for _ in 0..16 {
        assert!(!black_box(compare()));
    }
}

fn stops_early(one: &KeyTag, other: &KeyTag) -> bool {
    one.as_bytes().iter().zip(other.as_bytes()).all(|(one, other)| black_box(one) == other)
}

fn differing(tag: &KeyTag, at: usize) -> KeyTag {
    let mut bytes = *tag.as_bytes();
    bytes[at] ^= 1;
    KeyTag::from_bytes(bytes)
}

fn wrong(question: &Question, at: usize) -> Question {
    let mut wrong = question.clone();
    wrong.digest[at] ^= 1;
    wrong
}

fn all_wrong(question: &Question) -> Question {
    let mut wrong = question.clone();
    wrong.digest.iter_mut().for_each(|byte| *byte ^= 0xff);
    wrong
}
