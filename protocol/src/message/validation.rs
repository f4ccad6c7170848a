//! Validation, the daemon's main purpose.

use super::form;
use super::policy::Operation;

use crate::codec::{self, DecodeError, EncodeError, Pieces, put_bytes, put_number, put_option};
use crate::key::{KeyDigest, KeyId};
use crate::limit::MAX_BODY_BYTES;
use crate::term::RevocationCause;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Asks whether a key is valid, and whether it may perform an operation.
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Validate<'a> {
    /// The key's id.
    pub key_id: KeyId,
    /// The key's digest.
    pub digest: KeyDigest,
    /// The operation to check against the policy table; without one, only the key is judged.
    #[serde(borrow)]
    pub operation: Option<Operation<'a>>,
}

impl<'a> Validate<'a> {
    /// Asks about the key alone.
    #[must_use]
    pub const fn new(key_id: KeyId, digest: KeyDigest) -> Self {
        Self { key_id, digest, operation: None }
    }

    /// Also asks whether the key may perform this operation.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<Option<Operation<'a>>>) -> Self {
        self.operation = operation.into();
        self
    }

    /// Reads a body as [`codec::decode`] does, with the same result but faster.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not exactly this message.
    #[inline]
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        // A body that this reader does not take is wrong or unusual: the general decoder says what is wrong.
        Self::read(body).map_or_else(|| codec::decode(body), Ok)
    }

    /// Appends the body that [`codec::encode`] appends, but faster.
    ///
    /// # Errors
    /// [`EncodeError`] if it would be longer than a body may be; `out` is then unchanged.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        // Bytes that may not fit the body must not get into the buffer either: it would grow, and leave a copy
        // behind.
        if self.operation.is_some_and(|Operation { method, target }| !fits(method.len(), target.len())) {
            return codec::encode(self, out);
        }
        put_number(out, self.key_id.get());
        out.extend_from_slice(self.digest.expose_bytes());
        put_option(out, self.operation, |out, operation| {
            put_bytes(out, operation.method);
            put_bytes(out, operation.target);
        });
        Ok(())
    }

    #[inline]
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut pieces = Pieces::of(body);
        let key_id = KeyId::new(pieces.number()?).ok()?;
        let digest = KeyDigest::from_bytes(*pieces.array()?);
        let operation = match pieces.is_some()? {
            true => Some(Operation { method: pieces.bytes()?, target: pieces.bytes()? }),
            false => None,
        };
        (pieces.is_empty() && body.len() <= MAX_BODY_BYTES).then_some(Self { key_id, digest, operation })
    }
}

/// The answer to [`Validate`]. A refusal is an answer, not an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict<'a> {
    /// The key is valid, and the operation is allowed if one was given.
    #[serde(borrow)]
    Valid(ValidKey<'a>),
    /// The key or the operation is refused.
    #[serde(borrow)]
    Refused(Refusal<'a>),
}

impl Verdict<'_> {
    /// Appends the body that [`codec::encode`] appends, but faster.
    ///
    /// # Errors
    /// [`EncodeError`] if it would be longer than a body may be; `out` is then unchanged.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Valid(key) if fits(key.user.len(), key.label.map_or(0, str::len)) => {
                key.write(out);
                Ok(())
            }
            Self::Valid(_) | Self::Refused(_) => codec::encode(self, out),
        }
    }
}

/// A valid key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidKey<'a> {
    /// The user.
    pub user: &'a str,
    /// The key's id.
    pub key_id: KeyId,
    /// The key's label, if it has one.
    pub label: Option<&'a str>,
    /// When the key expires.
    pub expires_at: Option<Timestamp>,
    /// What a cache must find unchanged in order to reuse this answer.
    pub freshness: Freshness,
}

impl ValidKey<'_> {
    /// As the verdict `Valid`.
    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        out.push(0);
        put_bytes(out, self.user.as_bytes());
        put_number(out, self.key_id.get());
        put_option(out, self.label, |out, label| put_bytes(out, label.as_bytes()));
        put_option(out, self.expires_at, |out, at| put_number(out, at.unix_millis()));
        let Freshness { instance, epoch, slot, generation } = self.freshness;
        [instance, epoch, slot.into(), generation].into_iter().for_each(|number| put_number(out, number));
    }
}

/// Whether two texts certainly fit a body, whatever else is in the message, which is at most 71 bytes.
#[inline]
const fn fits(text: usize, other: usize) -> bool {
    text.saturating_add(other) <= MAX_BODY_BYTES - 71
}

/// The daemon's counters, read before the look-up. The verdict is true while all of them are unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// The instance of the revocation page. Not the start count of the welcome.
    pub instance: u64,
    /// Counts changes that concern every key: of the policy table, of rights.
    pub epoch: u64,
    /// The key's slot among the generations, chosen by the daemon.
    pub slot: u32,
    /// Counts changes that concern this key, and the few that share its slot.
    pub generation: u64,
}

/// Why a key was not accepted.
///
/// A caller without the right `inspect` sees `Invalid` in place of every reason that reveals something about a
/// key it does not hold. Decisions of the policy table are shown to all, because there the key was valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal<'a> {
    /// The key is unknown, wrong or revoked.
    Invalid,
    /// No key of that id was ever saved.
    UnknownKey,
    /// The key of that id is a draft that nobody saved.
    NotSaved,
    /// The id is known, but the secret is wrong.
    WrongSecret,
    /// The key was valid once.
    Revoked(#[serde(with = "form::RevocationCause")] RevocationCause),
    /// The record's bytes on disk are not what the daemon wrote.
    Damaged,
    /// The key is valid, but the policy table denies the operation; the name of the row, empty for the table's
    /// default.
    OperationDenied(&'a str),
    /// The key is valid, but the operation has several readings; the reason in words.
    OperationAmbiguous(&'a str),
}
