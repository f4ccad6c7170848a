//! What represents a key wherever the key itself must not go.

use core::fmt;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Domain separation of the digest; part of the format, never changed.
pub(super) const CONTEXT: &str = "apikeyd 2026 key digest v1";

/// BLAKE3 `derive_key` of a key's version, id and secret: computed by the client, so that the secret does
/// not cross the socket again. It proves possession of the key to the daemon, so it is handled like a
/// secret: it cannot be cloned, its `Debug` prints `[REDACTED]`, and it is wiped when dropped.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyDigest([u8; Self::BYTES]);

impl KeyDigest {
    /// Bytes of a digest.
    pub const BYTES: usize = 32;

    /// From bytes that came over the wire.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, only for the keyed hash and the wire.
    #[must_use]
    pub const fn expose_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Hashes the relevant part of a key: one version digit, ten digits of id, 43 of secret.
    pub(super) fn of(version_id_secret: &[u8; 54]) -> Self {
        Self(blake3::derive_key(CONTEXT, version_id_secret))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl Zeroize for KeyDigest {
    fn zeroize(&mut self) {
        // A slice is wiped in one piece, an array byte by byte.
        self.0.as_mut_slice().zeroize();
    }
}

impl Drop for KeyDigest {
    fn drop(&mut self) {
        self.zeroize();
    }
}
impl ZeroizeOnDrop for KeyDigest {}

/// Compares in constant time.
impl PartialEq for KeyDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for KeyDigest {}
