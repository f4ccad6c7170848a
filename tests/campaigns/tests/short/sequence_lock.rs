//! The sequence lock of the client's cache under a model checker: every interleaving, and every value that a weakly
//! ordered machine may let a thread read.
//!
//! The steps are those of `Slot::{read, valid_key, lock, copy_from}` in `client/src/cache/slot.rs`, with two words for
//! its twenty-three: an order that changes there changes here too. Each step that matters is left out once, and the
//! checker must find that.

use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering, fence};
use loom::thread;

/// Threads are interrupted this often where they could go on; with more the tests take minutes and find the same.
const INTERRUPTIONS: usize = 3;

/// A step that is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    Nothing,
    /// The writer's fence between the odd sequence and the words.
    ReleaseFence,
    /// The reader's fence between the words and the second look.
    AcquireFence,
    /// The reader's second look at the sequence.
    SecondLook,
    /// The lock among writers: both write.
    Lock,
}

struct Slot {
    sequence: AtomicU64,
    words: [AtomicU64; 2],
    without: Without,
}

impl Slot {
    fn holding(value: u64, without: Without) -> Self {
        Self { sequence: AtomicU64::new(0), words: [AtomicU64::new(value), AtomicU64::new(value)], without }
    }

    fn read(&self) -> Option<[u64; 2]> {
        let before = self.sequence.load(Ordering::Acquire);
        let words = self.words.each_ref().map(|word| word.load(Ordering::Relaxed));
        if self.without != Without::AcquireFence {
            fence(Ordering::Acquire);
        }
        let is_same = self.without == Without::SecondLook || self.sequence.load(Ordering::Relaxed) == before;
        (before & 1 == 0 && is_same).then_some(words)
    }

    fn write(&self, words: [u64; 2]) -> bool {
        let before = self.sequence.load(Ordering::Relaxed);
        let exchange = || {
            self.sequence.compare_exchange(before, before + 1, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        if self.without == Without::Lock {
            self.sequence.store(before + 1, Ordering::Relaxed);
        } else if before & 1 != 0 || !exchange() {
            return false;
        }
        if self.without != Without::ReleaseFence {
            fence(Ordering::Release);
        }
        self.words.iter().zip(words).for_each(|(to, word)| to.store(word, Ordering::Relaxed));
        self.sequence.store(before + 2, Ordering::Release);
        true
    }

    fn copy_from(&self, other: &Self) -> bool {
        other.read().is_some_and(|words| self.write(words))
    }
}

/// Two writers and a reader of one slot.
fn check_one_slot(without: Without) {
    check(move || {
        let slot = Arc::new(Slot::holding(0, without));
        let writers: Vec<_> = [1, 2]
            .map(|value| {
                let slot = Arc::clone(&slot);
                thread::spawn(move || slot.write([value, value]))
            })
            .into();
        assert_whole(&slot);
        let written: Vec<bool> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        assert!(written.contains(&true), "no writer got the lock");
        assert_whole(&slot);
    });
}

/// What one slot holds moves to another while a third thread writes and a fourth reads.
fn check_two_slots(without: Without) {
    check(move || {
        let from = Arc::new(Slot::holding(1, without));
        let to = Arc::new(Slot::holding(2, without));
        let writer = {
            let from = Arc::clone(&from);
            thread::spawn(move || from.write([3, 3]))
        };
        let mover = {
            let (from, to) = (Arc::clone(&from), Arc::clone(&to));
            thread::spawn(move || to.copy_from(&from))
        };
        assert_whole(&to);
        assert!(writer.join().unwrap());
        mover.join().unwrap();
        assert_whole(&to);
    });
}

fn assert_whole(slot: &Slot) {
    if let Some([one, other]) = slot.read() {
        assert_eq!(one, other, "halves of two verdicts were taken for one");
    }
}

fn check(scenario: impl Fn() + Send + Sync + 'static) {
    let mut checker = Builder::new();
    checker.preemption_bound = Some(INTERRUPTIONS);
    checker.check(scenario);
}

#[test]
fn a_reader_sees_one_verdict_or_none() {
    check_one_slot(Without::Nothing);
}

#[test]
fn what_moves_is_one_verdict() {
    check_two_slots(Without::Nothing);
}

#[test]
#[should_panic(expected = "halves of two verdicts")]
fn the_writers_fence_is_needed() {
    check_one_slot(Without::ReleaseFence);
}

#[test]
#[should_panic(expected = "halves of two verdicts")]
fn the_readers_fence_is_needed() {
    check_one_slot(Without::AcquireFence);
}

#[test]
#[should_panic(expected = "halves of two verdicts")]
fn the_second_look_is_needed() {
    check_one_slot(Without::SecondLook);
}

#[test]
#[should_panic(expected = "halves of two verdicts")]
fn the_writers_lock_is_needed() {
    check_one_slot(Without::Lock);
}

#[test]
#[should_panic(expected = "halves of two verdicts")]
fn a_move_needs_the_second_look_too() {
    check_two_slots(Without::SecondLook);
}
