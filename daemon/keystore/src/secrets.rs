//! The keys derived from the pepper, one for each use, all in locked memory; and wiping what calls that used
//! them leave on a thread's stack.
//!
//! A type that wipes itself wipes only its final location. Moving it there copied it, and a hash works on
//! copies of its key: those remain in the frames of calls that have returned, until other calls overwrite them.

mod locked;

use crate::domain::KeyTag;
use apikeyd_protocol::key::{KeyDigest, KeyId};
use core::fmt;
use core::hint::black_box;
use locked::Locked;
use subtle::ConstantTimeEq;

// Domain separation; part of the format, never changed.
const TAG_CONTEXT: &str = "apikeyd 2026 key tag v1";
const SEAL_CONTEXT: &str = "apikeyd 2026 record seal v1";
const LINK_CONTEXT: &str = "apikeyd 2026 audit link v1";
const CHECK_CONTEXT: &str = "apikeyd 2026 pepper check v1";

/// Bytes of a pepper and of each key derived from it.
pub(crate) const KEY: usize = 32;

struct Keys {
    tag: [u8; KEY],
    seal: [u8; KEY],
    link: [u8; KEY],
}

/// The keys derived from the pepper. The pepper itself is not kept.
pub struct Secrets {
    keys: Locked<Keys>,
    check: [u8; KEY],
}

impl Secrets {
    /// Derives the keys.
    pub fn derive(pepper: &[u8; KEY]) -> Self {
        let keys = Locked::new(Keys { tag: [0; KEY], seal: [0; KEY], link: [0; KEY] }, |keys| {
            keys.tag = blake3::derive_key(TAG_CONTEXT, pepper);
            keys.seal = blake3::derive_key(SEAL_CONTEXT, pepper);
            keys.link = blake3::derive_key(LINK_CONTEXT, pepper);
        });
        Self { keys, check: blake3::derive_key(CHECK_CONTEXT, pepper) }
    }

    /// What the database keeps to recognise its pepper. It reveals nothing about the keys.
    pub(crate) const fn check(&self) -> &[u8; KEY] {
        &self.check
    }

    /// What is stored in place of a key.
    pub fn tag(&self, digest: &KeyDigest) -> KeyTag {
        KeyTag::from_bytes(*blake3::keyed_hash(&self.keys.get().tag, digest.expose_bytes()).as_bytes())
    }

    /// The seal of a record: over its id and its bytes, so that no record is accepted under another id.
    pub(crate) fn seal(&self, key_id: KeyId, body: &[u8]) -> [u8; KEY] {
        *blake3::Hasher::new_keyed(&self.keys.get().seal)
            .update(&key_id.get().to_le_bytes())
            .update(body)
            .finalize()
            .as_bytes()
    }

    /// Whether a record is as it was sealed.
    pub(crate) fn is_sealed(&self, key_id: KeyId, body: &[u8], seal: &[u8; KEY]) -> bool {
        self.seal(key_id, body).ct_eq(seal).into()
    }

    /// The link of an audit row to the previous one.
    pub(crate) fn link(&self, before: &[u8; KEY], revision: u64, body: &[u8]) -> [u8; KEY] {
        *blake3::Hasher::new_keyed(&self.keys.get().link)
            .update(before)
            .update(&revision.to_le_bytes())
            .update(body)
            .finalize()
            .as_bytes()
    }

    /// The value in place of a link before the first row: it ties the chain to its store.
    pub(crate) fn root(&self, store_id: &[u8; 16]) -> [u8; KEY] {
        *blake3::keyed_hash(&self.keys.get().link, store_id).as_bytes()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// Bytes below the caller that are wiped: more than the calls of a request use, as the canary campaign shows.
const DEPTH: usize = 32 * 1024;

/// Wipes the stack below the caller. For threads that are about to wait; takes about a microsecond.
#[inline(never)]
pub fn wipe_stack() {
    let mut below = [0_u8; DEPTH];
    // The array is written although nothing reads it.
    black_box(&mut below);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frozen: another value would make every stored key, record and audit row useless.
    #[test]
    fn every_key_has_its_use_and_its_golden_value() {
        let secrets = Secrets::derive(&[7; KEY]);
        let id = KeyId::new(1).unwrap();
        let tag = secrets.tag(&KeyDigest::from_bytes([1; 32]));
        let all = [
            *secrets.check(),
            *tag.as_bytes(),
            secrets.seal(id, &[1; 32]),
            secrets.link(&[0; 32], 1, &[1; 32]),
            secrets.root(&[1; 16]),
        ];
        let hex = all.map(|bytes| blake3::Hash::from_bytes(bytes).to_hex().to_string());
        assert_eq!(hex, GOLDEN);
    }

    const GOLDEN: [&str; 5] = [
        "d55ebfdf2058e7cfe6ece0b2e505f72ca41bf78da28c35e31621a1e425b08a95", // pepper check
        "e3f7fb80e2a6a2da7e14fc1e890ec739f1607e5c2b7fb7c238fdcf8ba7902a89", // key tag
        "13db55cf15fea635880ce06f44f5490e5b7a92a618f426066034b152ad369a96", // record seal
        "b8d0704c49288ce3f8c6f730bf99f124897525e867144ee4a2cce9e6419d28ec", // audit link
        "814390d4ece3cf0066f4695cb546573775e1d2d3e6cf6d75ba29e44fe822047f", // chain root
    ];
}
