//! The text of a key: made once by the daemon, parsed by every client before any IPC.

use super::base62;
use super::digest::KeyDigest;
use super::id::KeyId;
use super::prefix::KeyPrefix;
use core::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const VERSION: u8 = b'1';
const SECRET: usize = 43;
const CHECKSUM: usize = 6;
/// `_`, version, id, `_`, secret, checksum: everything after the prefix.
const BEHIND_PREFIX: usize = 1 + 1 + KeyId::DIGITS + 1 + SECRET + CHECKSUM;
const HASHED: usize = 1 + KeyId::DIGITS + SECRET;

/// A whole key, secret included. It cannot be cloned, its `Debug` prints `[REDACTED]`, and it is wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ApiKey {
    text: [u8; Self::MAX_BYTES],
    len: usize,
    #[zeroize(skip)]
    id: KeyId,
}

/// Why a text is not a key. It reveals nothing of the text, so it may be shown and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFormatError {
    /// The length is not that of a key.
    #[error("a key has {min} to {max} characters; this has {bytes}", min = ApiKey::MIN_BYTES, max = ApiKey::MAX_BYTES)]
    Length {
        /// The number of bytes.
        bytes: usize,
    },
    /// A separator is missing or misplaced, or a character is outside the alphabet.
    #[error(
        "this does not have the form of a key (prefix_1..........._...), with nothing before or after it"
    )]
    Shape,
    /// The prefix is not 2 to 8 of a-z and 0-9.
    #[error("the key's prefix is not 2 to 8 characters of a-z and 0-9")]
    Prefix,
    /// The last six characters do not match the rest.
    #[error("the key's checksum does not match: a character is wrong, missing or extra")]
    Checksum,
    /// The key has a format version that this program does not know.
    #[error("the key has a newer format than this program knows")]
    Version,
    /// Zero is never assigned.
    #[error("the key's id is zero, which is never assigned")]
    Id,
}

impl ApiKey {
    /// Bytes of the shortest key.
    pub const MIN_BYTES: usize = KeyPrefix::MIN + BEHIND_PREFIX;
    /// Bytes of the longest key.
    pub const MAX_BYTES: usize = KeyPrefix::MAX + BEHIND_PREFIX;

    /// Bytes of [`expose_distinctive`](Self::expose_distinctive).
    pub const DISTINCTIVE_BYTES: usize = 1 + KeyId::DIGITS + 1 + SECRET;

    /// Makes a key from random bytes, which `fill` must take from the operating system's generator.
    ///
    /// The id is uniform in `1..62^10` and the secret uniform in 62^43 (256 bits), both by rejection.
    ///
    /// # Errors
    /// Only those of `fill`; there is no fallback.
    pub fn generate<E>(
        prefix: &KeyPrefix,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let id = random_id(&mut fill)?;
        let mut secret = Zeroizing::new([0; SECRET]);
        random_digits(&mut secret, &mut fill)?;
        Ok(Self::assemble(prefix, id, &secret))
    }

    /// Reads a key, from the right, because only the prefix varies in length. Nothing is trimmed: a blank or a
    /// newline around a key is an error.
    ///
    /// # Errors
    /// [`KeyFormatError`] with the first thing that is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, KeyFormatError> {
        let length = KeyFormatError::Length { bytes: text.len() };
        if !(Self::MIN_BYTES..=Self::MAX_BYTES).contains(&text.len()) {
            return Err(length);
        }
        let (body, checksum) = text.split_last_chunk::<CHECKSUM>().ok_or(length)?;
        let (head, secret) = body.split_last_chunk::<SECRET>().ok_or(length)?;
        let (head, separator) = head.split_last_chunk::<1>().ok_or(length)?;
        let (head, id) = head.split_last_chunk::<{ KeyId::DIGITS }>().ok_or(length)?;
        let (prefix, underscore_version) = head.split_last_chunk::<2>().ok_or(length)?;
        let [underscore, version] = *underscore_version;
        let all_digits =
            [&id[..], secret, checksum].into_iter().flatten().all(|byte| base62::is_digit(*byte));
        if *separator != *b"_" || underscore != b'_' || !all_digits || !base62::is_digit(version) {
            return Err(KeyFormatError::Shape);
        }
        let prefix = KeyPrefix::parse(prefix).map_err(|_| KeyFormatError::Prefix)?;
        if checksum_of(body) != *checksum {
            return Err(KeyFormatError::Checksum);
        }
        if version != VERSION {
            return Err(KeyFormatError::Version);
        }
        let id = KeyId::parse(id).map_err(|_| KeyFormatError::Id)?;
        Ok(Self::assemble(&prefix, id, secret))
    }

    /// The public part.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The whole key, to show it to its user once. Everything else takes the key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.get(..self.len).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or_default()
    }

    /// Version, id, `_` and secret: every part in which a key can differ from another, since the digest covers
    /// nothing else. Only for a keyed hash.
    #[must_use]
    #[inline]
    pub fn expose_distinctive(&self) -> &[u8; Self::DISTINCTIVE_BYTES] {
        let end = self.len.saturating_sub(CHECKSUM);
        let text = self.text.get(..end).and_then(|text| text.last_chunk());
        text.unwrap_or(&[0; Self::DISTINCTIVE_BYTES])
    }

    /// The digest, which is sent in place of the key.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        let mut hashed = Zeroizing::new([0; HASHED]);
        let (version, rest) = hashed.split_at_mut(1);
        let (id, secret) = rest.split_at_mut(KeyId::DIGITS);
        version.copy_from_slice(&[VERSION]);
        id.copy_from_slice(&self.id.to_digits());
        let before_checksum = self.len.saturating_sub(CHECKSUM);
        let from = self.text.get(before_checksum.saturating_sub(SECRET)..before_checksum).unwrap_or_default();
        secret.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        KeyDigest::of(&hashed)
    }

    fn assemble(prefix: &KeyPrefix, id: KeyId, secret: &[u8; SECRET]) -> Self {
        let mut key = Self { text: [0; Self::MAX_BYTES], len: 0, id };
        key.push(prefix.as_str().as_bytes());
        key.push(&[b'_', VERSION]);
        key.push(&id.to_digits());
        key.push(b"_");
        key.push(secret);
        let checksum = checksum_of(key.expose().as_bytes());
        key.push(&checksum);
        key
    }

    fn push(&mut self, bytes: &[u8]) {
        self.text.iter_mut().skip(self.len).zip(bytes).for_each(|(to, from)| *to = *from);
        self.len += bytes.len();
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// Whether a text that should be something else (an argument, a user id, a log line) contains a key: version
/// and id, `_`, and enough digits for a secret, whatever comes before and after. A key with a wrong checksum,
/// without its prefix, in quotes or after `Bearer` still counts. Programs refuse such text instead of storing
/// or echoing it.
#[must_use]
pub fn looks_like_key(text: &[u8]) -> bool {
    let digits = |byte: &&u8| base62::is_digit(**byte);
    let parts = || text.split(|byte| *byte == b'_');
    parts().zip(parts().skip(1)).any(|(before, behind)| {
        let version_and_id = before.iter().rev().take_while(digits);
        let version = before.len().checked_sub(1 + KeyId::DIGITS).and_then(|at| before.get(at));
        version_and_id.count() == 1 + KeyId::DIGITS
            && version.is_some_and(u8::is_ascii_digit)
            && behind.iter().take_while(digits).count() >= SECRET
    })
}

/// CRC-32/ISO-HDLC as six base62 digits: it catches typing errors and lets scanners match, no more.
fn checksum_of(body: &[u8]) -> [u8; CHECKSUM] {
    let mut digits = [0; CHECKSUM];
    base62::write(u64::from(crc32fast::hash(body)), &mut digits);
    digits
}

fn random_id<E>(fill: &mut impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<KeyId, E> {
    loop {
        let mut bytes = [0; 8];
        fill(&mut bytes)?;
        // 2^60 is the power of two above 62^10: three draws in four succeed.
        if let Ok(id) = KeyId::new(u64::from_le_bytes(bytes) >> 4) {
            return Ok(id);
        }
    }
}

/// Rejection sampling: 248 is the largest multiple of 62 in a byte; reducing the remaining values modulo 62
/// would favour the first eight digits.
fn random_digits<E>(
    out: &mut [u8; SECRET],
    fill: &mut impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut pool = Zeroizing::new([0_u8; SECRET + 21]);
    let mut places = out.iter_mut();
    while places.len() > 0 {
        fill(&mut *pool)?;
        let fair = pool.iter().filter(|byte| **byte < 248);
        // The byte first: a position taken before there is a byte for it would remain empty.
        fair.zip(places.by_ref()).for_each(|(byte, place)| *place = base62::digit(u64::from(*byte)));
    }
    Ok(())
}
