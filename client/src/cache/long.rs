//! Names that are too long for a slot of the table. Each slot has room for them, which costs no memory until it is
//! used.

use apikeyd_protocol::limit::{MAX_LABEL_BYTES, MAX_USER_BYTES};
use apikeyd_protocol::name::{Label, UserId};
use std::sync::atomic::{AtomicU64, Ordering};

const USER_WORDS: usize = MAX_USER_BYTES.div_ceil(8);
const LABEL_WORDS: usize = MAX_LABEL_BYTES.div_ceil(8);

/// Words for the names of one slot; the first holds the lengths.
pub(super) const WORDS: usize = 1 + USER_WORDS + LABEL_WORDS;

/// The names of one slot, read and written under its sequence.
pub(super) struct LongNames<'t>(pub(super) &'t [AtomicU64; WORDS]);

impl LongNames<'_> {
    pub(super) fn write(&self, user: &UserId, label: Option<&Label>) {
        let (user, label) = (user.as_str(), label.map_or("", Label::as_str));
        let (lengths, users, labels) = self.parts();
        let length = |text: &str| u64::try_from(text.len()).unwrap_or_default();
        lengths.store(length(user) | length(label) << 32, Ordering::Relaxed);
        put(users, user);
        put(labels, label);
    }

    /// What was written; anything or nothing while another thread writes.
    pub(super) fn read(&self) -> Option<(UserId, Option<Label>)> {
        let (lengths, users, labels) = self.parts();
        let lengths = lengths.load(Ordering::Relaxed);
        let user = UserId::parse(&get(users, lengths & 0xffff_ffff)?).ok()?;
        // No label is empty.
        let label = get(labels, lengths >> 32)?;
        let label = if label.is_empty() { None } else { Some(Label::parse(&label).ok()?) };
        Some((user, label))
    }

    /// All words, to be copied to another slot.
    pub(super) fn words(&self) -> [u64; WORDS] {
        self.0.each_ref().map(|word| word.load(Ordering::Relaxed))
    }

    /// Takes the words of another slot.
    pub(super) fn put_words(&self, words: &[u64; WORDS]) {
        self.0.iter().zip(words).for_each(|(to, word)| to.store(*word, Ordering::Relaxed));
    }

    fn parts(&self) -> (&AtomicU64, &[AtomicU64], &[AtomicU64]) {
        let [lengths, names @ ..] = self.0;
        let (users, labels) = names.split_at(USER_WORDS);
        (lengths, users, labels)
    }
}

fn put(words: &[AtomicU64], text: &str) {
    for (word, bytes) in words.iter().zip(text.as_bytes().chunks(8)) {
        let mut all = [0; 8];
        all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        word.store(u64::from_le_bytes(all), Ordering::Relaxed);
    }
}

fn get(words: &[AtomicU64], length: u64) -> Option<String> {
    let mut bytes: Vec<_> =
        words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect();
    let length = usize::try_from(length).ok().filter(|length| *length <= bytes.len())?;
    bytes.truncate(length);
    String::from_utf8(bytes).ok()
}
