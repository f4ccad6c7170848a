//! One place of the table: a verdict in words that threads read while another one writes.
//!
//! A writer makes the first word odd, writes the others, and makes it even again, another number than before. A
//! reader copies the words and looks at the first one before and after: if it is the same even number, the copy is
//! of one verdict.
//!
//! ```text
//! line 1   sequence │ tag, 2 │ generation │ epoch │ instance │ slot, half of the id │ expiry
//! line 2   form │ user, 5 │ last use │ key id
//! line 3   label, 5 │ last reported use
//! ```
//!
//! Line 1 alone says whether the verdict stands. Names that are too long for their words lie elsewhere, see
//! [`long`](super::long).

use super::long::LongNames;
use super::tag::Tag;
use crate::verdict::ValidKey;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::Freshness;
use apikeyd_protocol::name::{Label, Packed, UserId};
use apikeyd_protocol::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Words of a place: three lines of the processor's cache.
pub(super) const WORDS: usize = 24;

/// Stands for no expiry.
const NEVER: u64 = u64::MAX;

/// Uses of a key are noted so many nanoseconds apart.
const NOTE_INTERVAL: u64 = 1_000_000_000;

// The form of the names.
const LABELLED: u64 = 1;
const LONG: u64 = 2;

/// One place, wherever it lies.
#[derive(Clone, Copy)]
pub(super) struct Place<'t>(pub(super) &'t [AtomicU64; WORDS]);

/// What a place held at one moment, but for the names.
#[derive(Clone, Copy)]
pub(super) struct Held {
    sequence: u64,
    pub(super) tag: Tag,
    pub(super) seen: Freshness,
    expires_at_ms: u64,
    form: u64,
}

/// Whose key it is, and its label.
type Names = (UserId, Option<Label>);

/// A verdict to put into a place.
pub(super) struct Verdict<'v> {
    pub(super) tag: Tag,
    pub(super) seen: Freshness,
    pub(super) key: &'v ValidKey,
}

/// A use that the daemon does not know of: of which key, and when by the clock of hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreported {
    pub(super) key_id: KeyId,
    pub(super) used: u64,
}

impl<'t> Place<'t> {
    /// What is held, unless that is plainly of another key, or somebody writes.
    #[inline]
    pub(super) fn read(self, key_id: KeyId) -> Option<Held> {
        let [sequence, _, _, _, _, _, slot_and_id, _, ..] = self.0;
        let sequence = sequence.load(Ordering::Acquire);
        let slot_and_id = slot_and_id.load(Ordering::Relaxed);
        (slot_and_id & LOW == key_id.get() & LOW && sequence & 1 == 0)
            .then(|| self.copy(sequence, slot_and_id))
    }

    #[inline]
    fn copy(self, sequence: u64, slot_and_id: u64) -> Held {
        let [_, tag, tag_too, generation, epoch, instance, _, expires_at_ms, form, ..] = self.0;
        let load = |word: &AtomicU64| word.load(Ordering::Relaxed);
        Held {
            sequence,
            tag: Tag::of([load(tag), load(tag_too)]),
            seen: Freshness {
                instance: load(instance),
                epoch: load(epoch),
                slot: u32::try_from(slot_and_id >> 32).unwrap_or_default(),
                generation: load(generation),
            },
            expires_at_ms: load(expires_at_ms),
            form: load(form),
        }
    }

    /// The key that was held; nothing when somebody has written since.
    #[inline]
    pub(super) fn key(
        self,
        held: &Held,
        key_id: KeyId,
        long: impl FnOnce() -> Option<Names>,
    ) -> Option<ValidKey> {
        let (user, label) = match held.form {
            0 => (self.user(), None),
            LABELLED => (self.user(), Some(self.label())),
            _ => long()?,
        };
        let [sequence, ..] = self.0;
        fence(Ordering::Acquire);
        let expires_at = held.expires_at_ms().map(Timestamp::from_unix_millis);
        (sequence.load(Ordering::Relaxed) == held.sequence).then_some(ValidKey {
            user,
            key_id,
            label,
            expires_at,
        })
    }

    #[inline]
    fn user(self) -> UserId {
        let [_, _, _, _, _, _, _, _, _, u0, u1, u2, u3, u4, ..] = self.0;
        UserId::unpack(&[u0, u1, u2, u3, u4].map(|word| word.load(Ordering::Relaxed)))
    }

    #[inline]
    fn label(self) -> Label {
        let [.., l0, l1, l2, l3, l4, _, _, _] = self.0;
        Label::unpack(&[l0, l1, l2, l3, l4].map(|word| word.load(Ordering::Relaxed)))
    }

    /// Puts a verdict in. Not, when another thread is at it: then the next validation is asked once more.
    pub(super) fn write(self, verdict: &Verdict<'_>, long: Option<&LongNames<'_>>, now: u64) {
        self.alone(|| self.fill(verdict, long, now));
    }

    /// Takes what another place holds. Not, when another thread is at one of them. The long names are this place's
    /// and the other's.
    pub(super) fn take_over(self, other: Place<'_>, long: Option<(&LongNames<'_>, &LongNames<'_>)>) -> bool {
        let [sequence, ..] = other.0;
        let before = sequence.load(Ordering::Acquire);
        let words = other.0.each_ref().map(|word| word.load(Ordering::Relaxed));
        let names = long.map(|(_, from)| from.words());
        fence(Ordering::Acquire);
        let is_whole = before & 1 == 0 && sequence.load(Ordering::Relaxed) == before;
        is_whole
            && self.alone(|| {
                self.0
                    .iter()
                    .zip(words)
                    .skip(1)
                    .for_each(|(place, word)| place.store(word, Ordering::Relaxed));
                long.zip(names).inspect(|((to, _), names)| to.put_words(names));
            })
    }

    /// Lets one thread write; whether it did.
    fn alone(self, write: impl FnOnce()) -> bool {
        let [sequence, ..] = self.0;
        let before = sequence.load(Ordering::Relaxed);
        let taken = before & 1 == 0
            && sequence.compare_exchange(before, before + 1, Ordering::Acquire, Ordering::Relaxed).is_ok();
        if taken {
            // No word may be seen before the sequence is seen to be odd.
            fence(Ordering::Release);
            write();
            sequence.store(before.wrapping_add(2), Ordering::Release);
        }
        taken
    }

    fn fill(self, verdict: &Verdict<'_>, long: Option<&LongNames<'_>>, now: u64) {
        let Verdict { tag, seen, key } = verdict;
        let ValidKey { user, key_id, label, expires_at } = *key;
        let packed = user.pack().zip(label.as_ref().map_or(Some(Packed::default()), Label::pack));
        let mut form = if label.is_some() { LABELLED } else { 0 };
        if packed.is_none() {
            form |= LONG;
            long.inspect(|long| long.write(user, label.as_ref()));
        }
        let ([u0, u1, u2, u3, u4], [l0, l1, l2, l3, l4]) = packed.unwrap_or_default();
        let [t0, t1] = tag.words();
        let slot_and_id = u64::from(seen.slot) << 32 | key_id.get() & LOW;
        let expires_at_ms = expires_at.map_or(NEVER, Timestamp::unix_millis);
        let line_1 = [t0, t1, seen.generation, seen.epoch, seen.instance, slot_and_id, expires_at_ms];
        // The daemon has seen the use that made this verdict.
        let rest = [form, u0, u1, u2, u3, u4, now, key_id.get(), l0, l1, l2, l3, l4, now];
        let words = line_1.into_iter().chain(rest);
        self.0.iter().skip(1).zip(words).for_each(|(place, word)| place.store(word, Ordering::Relaxed));
    }

    /// Notes a use; whether it was time for that.
    #[inline]
    pub(super) fn note_use(self, now: u64) -> bool {
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, used, ..] = self.0;
        // A store only once a second: the line stays shared between the threads that hit the key.
        let is_due = now.saturating_sub(used.load(Ordering::Relaxed)) >= NOTE_INTERVAL;
        if is_due {
            used.store(now, Ordering::Relaxed);
        }
        is_due
    }

    /// When it was used last, by the clock of hits.
    pub(super) fn used(self) -> u64 {
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, used, ..] = self.0;
        used.load(Ordering::Relaxed)
    }

    /// The key that is held, if any.
    pub(super) fn key_id(self) -> Option<KeyId> {
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, key_id, ..] = self.0;
        KeyId::new(key_id.load(Ordering::Relaxed)).ok()
    }

    /// The last use, if the daemon does not know of it.
    pub(super) fn unreported(self) -> Option<Unreported> {
        let [sequence, .., reported, _, _] = self.0;
        let before = sequence.load(Ordering::Acquire);
        let (key_id, used) = (self.key_id()?, self.used());
        let is_new = used > reported.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let is_whole = before & 1 == 0 && sequence.load(Ordering::Relaxed) == before;
        (is_new && is_whole).then_some(Unreported { key_id, used })
    }

    /// The daemon knows of uses up to this one.
    pub(super) fn note_reported(self, used: u64) {
        let [.., reported, _, _] = self.0;
        reported.fetch_max(used, Ordering::Relaxed);
    }
}

/// The half of a key id that stands in the first line.
const LOW: u64 = 0xffff_ffff;

impl Held {
    /// When the key ends by itself, in milliseconds of the wall clock.
    #[inline]
    pub(super) const fn expires_at_ms(&self) -> Option<u64> {
        if self.expires_at_ms == NEVER { None } else { Some(self.expires_at_ms) }
    }
}
