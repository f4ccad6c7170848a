//! Keyed hashes by which the cache knows keys and operations.

use apikeyd_protocol::key::ApiKey;
use apikeyd_protocol::message::Operation;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;

/// 128 bits of a keyed hash: without the random key nobody can find a text for a tag, or two texts with the same tag.
///
/// SipHash-1-3 takes two thirds of the time of SipHash-2-4, whose further rounds protect tags that a forger sees or can
/// ask for. These tags never leave the process that made their key; a forger can only try one text after another, each
/// with a chance of 2^-128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag([u64; 2]);

/// The random key of this client's tags.
pub(super) struct TagKey(SipHasher13);

impl Tag {
    #[inline]
    pub(super) const fn of(words: [u64; 2]) -> Self {
        Self(words)
    }

    #[inline]
    pub(super) const fn words(&self) -> [u64; 2] {
        self.0
    }
}

impl TagKey {
    /// A new one, from the operating system.
    pub(super) fn random() -> Option<Self> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).ok()?;
        Some(Self(SipHasher13::new_with_key(&key)))
    }

    /// Of a key, secret included.
    #[inline]
    pub(super) fn of_key(&self, key: &ApiKey) -> Tag {
        let hash = self.0.hash(key.expose_distinctive());
        Tag([hash.h1, hash.h2])
    }

    /// Of an operation. The length of the method comes first, so that no other split of the same bytes has the same tag.
    #[inline]
    pub(super) fn of_operation(&self, operation: &Operation<'_>) -> Tag {
        let mut hasher = self.0;
        hasher.write(&u64::try_from(operation.method.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.write(operation.method);
        hasher.write(operation.target);
        let hash = hasher.finish128();
        Tag([hash.h1, hash.h2])
    }
}
