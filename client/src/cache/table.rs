//! The keys that are kept: a fixed number of places, in sets of four. A set is one line of the processor's cache,
//! an entry three, of which the first says whether it stands. A key has its place in one of two sets, most often
//! in the first, so that keys go for others only when the table is close to full.

use super::attached::Attached;
use super::tag::Tag;
use super::{EXPIRY_MARGIN_MS, realtime_ms};
use crate::verdict::ValidKey;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::Freshness;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Places of a set.
const WAYS: usize = 4;

/// Uses of a key are noted so many nanoseconds apart.
const NOTE_INTERVAL: u64 = 1_000_000_000;

/// Stands for no expiry.
const NEVER: u64 = u64::MAX;

/// A key that was found good, and what that was read under.
#[repr(C, align(64))]
pub(super) struct Entry {
    tag: Tag,
    page: Arc<Attached>,
    pub(super) seen: Freshness,
    expires_at_ms: u64,
    /// The last use, by the clock of hits, within [`NOTE_INTERVAL`].
    used: AtomicU64,
    pub(super) key: ValidKey,
    /// The last use that the daemon knows of.
    reported: AtomicU64,
}

#[derive(Default)]
#[repr(align(64))]
struct Set {
    /// The key id of each place, so that one line tells which place to look at. A hint: what counts is the tag in
    /// the entry.
    key_ids: [AtomicU64; WAYS],
    entries: [ArcSwapOption<Entry>; WAYS],
}

/// Entries by the id of their key.
pub(super) struct KeyTable {
    sets: Box<[Set]>,
}

impl Entry {
    pub(super) fn new(tag: Tag, key: ValidKey, seen: Freshness, page: Arc<Attached>, now: u64) -> Self {
        let expires_at_ms = key.expires_at.map_or(NEVER, |at| at.unix_millis());
        // The daemon has seen this use.
        let (used, reported) = (AtomicU64::new(now), AtomicU64::new(now));
        Self { tag, page, seen, expires_at_ms, used, key, reported }
    }

    /// Whether this is the verdict on the key with this tag.
    #[inline]
    pub(super) fn is_of(&self, tag: &Tag) -> bool {
        self.tag == *tag
    }

    /// Whether the verdict still stands.
    #[inline]
    pub(super) fn stands(&self, now: u64) -> bool {
        self.page.holds(&self.seen, now)
            && (self.expires_at_ms == NEVER
                || realtime_ms().saturating_add(EXPIRY_MARGIN_MS) < self.expires_at_ms)
    }

    /// Notes a use; whether it was time for that.
    #[inline]
    pub(super) fn note_use(&self, now: u64) -> bool {
        // A store only once a second: the line stays shared between the threads that hit the key.
        let is_due = now.saturating_sub(self.used.load(Ordering::Relaxed)) >= NOTE_INTERVAL;
        if is_due {
            self.used.store(now, Ordering::Relaxed);
        }
        is_due
    }

    /// The last use, if the daemon does not know of it.
    pub(super) fn unreported(&self) -> Option<u64> {
        let used = self.used.load(Ordering::Relaxed);
        (used > self.reported.load(Ordering::Relaxed)).then_some(used)
    }

    /// The daemon knows of uses up to this one.
    pub(super) fn note_reported(&self, used: u64) {
        self.reported.fetch_max(used, Ordering::Relaxed);
    }
}

impl KeyTable {
    /// Places for at least so many entries.
    pub(super) fn with_room_for(entries: usize) -> Self {
        let sets = entries.div_ceil(WAYS).max(1).next_power_of_two();
        Self { sets: std::iter::repeat_with(Set::default).take(sets).collect() }
    }

    /// Lends the entries of a key id to `accept`, until it accepts one: there may be two for a moment, when two
    /// threads filled in the same key.
    #[inline]
    pub(super) fn find<T>(&self, key_id: KeyId, accept: impl Fn(&Entry) -> Option<T>) -> Option<T> {
        self.sets_of(key_id).find_map(|set| set.find(key_id, &accept))
    }

    /// Puts an entry in, in the place of an older one of the same key, of nothing, of one that does not stand, or of
    /// the one that was not used for longest. Gives back that last kind.
    pub(super) fn insert(&self, entry: Entry, now: u64) -> Option<Arc<Entry>> {
        let rank = |place: &ArcSwapOption<Entry>| match &*place.load() {
            Some(old) if old.tag == entry.tag => (0, 0),
            None => (1, 0),
            Some(old) if !old.stands(now) => (2, old.used.load(Ordering::Relaxed)),
            Some(old) => (3, old.used.load(Ordering::Relaxed)),
        };
        let places = self.sets_of(entry.key.key_id).flat_map(|set| set.entries.iter().zip(&set.key_ids));
        let (place, hint) = places.min_by_key(|(place, _)| rank(place))?;
        let (tag, key_id) = (entry.tag, entry.key.key_id);
        let old = place.swap(Some(Arc::new(entry)));
        hint.store(key_id.get(), Ordering::Relaxed);
        old.filter(|old| old.tag != tag && old.stands(now))
    }

    /// All entries, one after the other.
    pub(super) fn entries(&self) -> impl Iterator<Item = Arc<Entry>> {
        self.sets.iter().flat_map(|set| &set.entries).filter_map(ArcSwapOption::load_full)
    }

    pub(super) fn count(&self) -> usize {
        self.sets.iter().flat_map(|set| &set.entries).filter(|place| place.load().is_some()).count()
    }

    pub(super) fn clear(&self) {
        for set in &self.sets {
            set.key_ids.iter().for_each(|hint| hint.store(0, Ordering::Relaxed));
            set.entries.iter().for_each(|place| place.store(None));
        }
    }

    #[inline]
    fn sets_of(&self, key_id: KeyId) -> impl Iterator<Item = &Set> {
        // Ids are uniform random numbers, and only those of keys that the daemon made get into the table. The
        // product's high bits depend on all of the id's; the sets are a power of two in number.
        let mixed = key_id.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        [mixed >> 32, key_id.get()].into_iter().filter_map(|choice| {
            self.sets.get(usize::try_from(choice).unwrap_or_default() & (self.sets.len() - 1))
        })
    }
}

impl Set {
    #[inline]
    fn find<T>(&self, key_id: KeyId, accept: &impl Fn(&Entry) -> Option<T>) -> Option<T> {
        for (hint, entry) in self.key_ids.iter().zip(&self.entries) {
            if hint.load(Ordering::Relaxed) == key_id.get() {
                let accepted = entry.load().as_ref().and_then(|entry| accept(entry));
                if accepted.is_some() {
                    return accepted;
                }
            }
        }
        None
    }
}
