//! One slot of the table: a verdict that threads read while another one writes it.
//!
//! A slot is a sequence lock. A writer makes the sequence odd, writes the other words, and makes it even again, another
//! number than before. A reader copies the words and reads the sequence before and after: if both are the same even
//! number, the copy is of one verdict.
//!
//! ```text
//! line 1   sequence │ tag, 2 │ generation │ epoch │ instance │ page slot, low half of the id │ expiry
//! line 2   names │ user, 5 │ last use │ key id
//! line 3   label, 5 │ last reported use │ 2 unused
//! ```
//!
//! Line 1 alone says whether the verdict is fresh. Names that are too long for a slot are kept apart, see
//! [`long`](super::long).

use super::long::LongNames;
use super::tag::Tag;
use crate::verdict::ValidKey;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::Freshness;
use apikeyd_protocol::name::{Label, Packed, UserId};
use apikeyd_protocol::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Words of a slot: three lines of the processor's cache.
pub(super) const WORDS: usize = 24;

/// The expiry of a key that does not expire.
const NEVER: u64 = u64::MAX;

/// The shortest time between two noted uses of a key, in nanoseconds.
const NOTE_INTERVAL: u64 = 1_000_000_000;

// Bits of the word `names`.
const HAS_LABEL: u64 = 1;
const LONG: u64 = 2;

/// The half of a key id that is in the first line.
const LOW: u64 = 0xffff_ffff;

/// One slot, somewhere in the table's memory.
#[derive(Clone, Copy)]
pub(super) struct Slot<'t>(pub(super) &'t [AtomicU64; WORDS]);

/// The words of a slot by name. All of this is offsets after inlining: nothing is loaded until a word is.
struct Words<'t> {
    sequence: &'t AtomicU64,
    tag: [&'t AtomicU64; 2],
    generation: &'t AtomicU64,
    epoch: &'t AtomicU64,
    instance: &'t AtomicU64,
    /// The slot in the daemon's revocation page, and below it the low half of the key id.
    page_slot_and_id: &'t AtomicU64,
    expires_at_ms: &'t AtomicU64,

    /// How user and label are kept.
    names: &'t AtomicU64,
    user: [&'t AtomicU64; 5],
    last_use: &'t AtomicU64,
    key_id: &'t AtomicU64,

    label: [&'t AtomicU64; 5],
    last_reported_use: &'t AtomicU64,
}

/// What a slot held at one moment, except for the names.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    sequence: u64,
    pub(super) tag: Tag,
    pub(super) freshness: Freshness,
    expires_at_ms: u64,
    names: u64,
}

/// Whose key it is, and its label.
type Names = (UserId, Option<Label>);

/// A verdict to put into a slot.
pub(super) struct Verdict<'v> {
    pub(super) tag: Tag,
    pub(super) freshness: Freshness,
    pub(super) key: &'v ValidKey,
}

/// A use that the daemon does not know of: of which key, and when by the clock of hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnreportedUse {
    pub(super) key_id: KeyId,
    pub(super) used_at: u64,
}

impl<'t> Slot<'t> {
    #[inline(always)]
    const fn words(self) -> Words<'t> {
        let [
            sequence,
            tag_0,
            tag_1,
            generation,
            epoch,
            instance,
            page_slot_and_id,
            expires_at_ms,
            names,
            user_0,
            user_1,
            user_2,
            user_3,
            user_4,
            last_use,
            key_id,
            label_0,
            label_1,
            label_2,
            label_3,
            label_4,
            last_reported_use,
            _,
            _,
        ] = self.0;
        Words {
            sequence,
            tag: [tag_0, tag_1],
            generation,
            epoch,
            instance,
            page_slot_and_id,
            expires_at_ms,
            names,
            user: [user_0, user_1, user_2, user_3, user_4],
            last_use,
            key_id,
            label: [label_0, label_1, label_2, label_3, label_4],
            last_reported_use,
        }
    }

    /// What the slot holds, unless it is plainly of another key, or being written.
    #[inline]
    pub(super) fn read(self, key_id: KeyId) -> Option<Entry> {
        let Words { sequence, page_slot_and_id, .. } = self.words();
        let sequence = sequence.load(Ordering::Acquire);
        let page_slot_and_id = page_slot_and_id.load(Ordering::Relaxed);
        (page_slot_and_id & LOW == key_id.get() & LOW && sequence & 1 == 0)
            .then(|| self.copy(sequence, page_slot_and_id))
    }

    #[inline]
    fn copy(self, sequence: u64, page_slot_and_id: u64) -> Entry {
        let words = self.words();
        Entry {
            sequence,
            tag: Tag::of(words.tag.map(load)),
            freshness: Freshness {
                instance: load(words.instance),
                epoch: load(words.epoch),
                slot: u32::try_from(page_slot_and_id >> 32).unwrap_or_default(),
                generation: load(words.generation),
            },
            expires_at_ms: load(words.expires_at_ms),
            names: load(words.names),
        }
    }

    /// The key of an entry; none when the slot was written since.
    #[inline]
    pub(super) fn valid_key(
        self,
        entry: &Entry,
        key_id: KeyId,
        long: impl FnOnce() -> Option<Names>,
    ) -> Option<ValidKey> {
        let words = self.words();
        let user = || UserId::unpack(&words.user.map(load));
        let (user, label) = match entry.names {
            0 => (user(), None),
            HAS_LABEL => (user(), Some(Label::unpack(&words.label.map(load)))),
            _ => long()?,
        };
        fence(Ordering::Acquire);
        let expires_at = entry.expires_at_ms().map(Timestamp::from_unix_millis);
        (load(words.sequence) == entry.sequence).then_some(ValidKey { user, key_id, label, expires_at })
    }

    /// Stores a verdict unless another thread is writing; then the next validation asks the daemon again.
    pub(super) fn write(self, verdict: &Verdict<'_>, long: Option<&LongNames<'_>>, now: u64) {
        self.lock(|| self.fill(verdict, long, now));
    }

    /// Copies what another slot holds, and its long names from the second to the first; whether it did. It does not
    /// while another thread is writing either slot.
    pub(super) fn copy_from(self, other: Slot<'_>, long: Option<(&LongNames<'_>, &LongNames<'_>)>) -> bool {
        let sequence = other.words().sequence;
        let before = sequence.load(Ordering::Acquire);
        let words = other.0.each_ref().map(load);
        let names = long.map(|(_, from)| from.words());
        fence(Ordering::Acquire);
        let is_whole = before & 1 == 0 && load(sequence) == before;
        is_whole
            && self.lock(|| {
                // All but the sequence.
                self.0.iter().zip(words).skip(1).for_each(|(to, word)| store(to, word));
                long.zip(names).inspect(|((to, _), names)| to.put_words(names));
            })
    }

    /// Lets one thread write; whether it did.
    fn lock(self, write: impl FnOnce()) -> bool {
        let Words { sequence, .. } = self.words();
        let before = load(sequence);
        let is_locked = before & 1 == 0
            && sequence.compare_exchange(before, before + 1, Ordering::Acquire, Ordering::Relaxed).is_ok();
        if is_locked {
            // No word may be seen before the sequence is seen to be odd.
            fence(Ordering::Release);
            write();
            sequence.store(before.wrapping_add(2), Ordering::Release);
        }
        is_locked
    }

    fn fill(self, verdict: &Verdict<'_>, long: Option<&LongNames<'_>>, now: u64) {
        let Verdict { tag, freshness, key } = verdict;
        let ValidKey { user, key_id, label, expires_at } = *key;
        let packed = user.pack().zip(label.as_ref().map_or(Some(Packed::default()), Label::pack));
        let mut names = if label.is_some() { HAS_LABEL } else { 0 };
        if packed.is_none() {
            names |= LONG;
            long.inspect(|long| long.write(user, label.as_ref()));
        }
        let (packed_user, packed_label) = packed.unwrap_or_default();

        let words = self.words();
        store_all(words.tag, tag.words());
        store(words.generation, freshness.generation);
        store(words.epoch, freshness.epoch);
        store(words.instance, freshness.instance);
        store(words.page_slot_and_id, u64::from(freshness.slot) << 32 | key_id.get() & LOW);
        store(words.expires_at_ms, expires_at.map_or(NEVER, Timestamp::unix_millis));
        store(words.names, names);
        store_all(words.user, packed_user);
        store(words.key_id, key_id.get());
        store_all(words.label, packed_label);
        // The daemon has seen the use that made this verdict.
        store(words.last_use, now);
        store(words.last_reported_use, now);
    }

    /// Notes a use; whether it was time to.
    #[inline]
    pub(super) fn note_use(self, now: u64) -> bool {
        let Words { last_use, .. } = self.words();
        // A store only once a second: the line stays shared between the threads that hit the key.
        let is_due = now.saturating_sub(load(last_use)) >= NOTE_INTERVAL;
        if is_due {
            store(last_use, now);
        }
        is_due
    }

    /// When the key was last used, by the clock of hits.
    pub(super) fn last_use(self) -> u64 {
        load(self.words().last_use)
    }

    /// The key that the slot holds, if any.
    pub(super) fn key_id(self) -> Option<KeyId> {
        KeyId::new(load(self.words().key_id)).ok()
    }

    /// The last use, if the daemon does not know of it.
    pub(super) fn unreported(self) -> Option<UnreportedUse> {
        let Words { sequence, last_reported_use, .. } = self.words();
        let before = sequence.load(Ordering::Acquire);
        let (key_id, used_at) = (self.key_id()?, self.last_use());
        let is_new = used_at > load(last_reported_use);
        fence(Ordering::Acquire);
        let is_whole = before & 1 == 0 && load(sequence) == before;
        (is_new && is_whole).then_some(UnreportedUse { key_id, used_at })
    }

    /// Notes that the daemon knows of uses up to this one.
    pub(super) fn note_reported(self, used_at: u64) {
        self.words().last_reported_use.fetch_max(used_at, Ordering::Relaxed);
    }
}

impl Entry {
    /// When the key expires, in milliseconds of the wall clock.
    #[inline]
    pub(super) const fn expires_at_ms(&self) -> Option<u64> {
        if self.expires_at_ms == NEVER { None } else { Some(self.expires_at_ms) }
    }
}

#[inline]
fn load(word: &AtomicU64) -> u64 {
    word.load(Ordering::Relaxed)
}

fn store(word: &AtomicU64, value: u64) {
    word.store(value, Ordering::Relaxed);
}

fn store_all<const N: usize>(words: [&AtomicU64; N], values: [u64; N]) {
    words.into_iter().zip(values).for_each(|(word, value)| store(word, value));
}
