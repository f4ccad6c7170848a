//! The question that the daemon exists for.

use super::form;
use super::policy::Operation;

use crate::codec::{self, DecodeError, EncodeError, Pieces, put_bytes, put_number, put_option};
use crate::key::{KeyDigest, KeyId};
use crate::limit::MAX_BODY_BYTES;
use crate::term::RevocationCause;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Asks whether a key is valid, and whether it may do an operation.
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Validate<'a> {
    /// The key's id.
    pub key_id: KeyId,
    /// The key's digest.
    pub digest: KeyDigest,
    /// The operation to judge by the policy table; without one only the key is judged.
    #[serde(borrow)]
    pub operation: Option<Operation<'a>>,
}

impl<'a> Validate<'a> {
    /// The key alone.
    #[must_use]
    pub const fn new(key_id: KeyId, digest: KeyDigest) -> Self {
        Self { key_id, digest, operation: None }
    }

    /// The key, and whether it may do this.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<Option<Operation<'a>>>) -> Self {
        self.operation = operation.into();
        self
    }

    /// Reads a body as [`codec::decode`] does, with the same result, only faster.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are not this message, or more than it.
    #[inline]
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        // What is not read here is wrong or unusual: what of it, is said by the general way.
        Self::read(body).map_or_else(|| codec::decode(body), Ok)
    }

    /// Appends the body that [`codec::encode`] appends, only faster.
    ///
    /// # Errors
    /// [`EncodeError`] when it would be longer than a body may be; `out` is then as it was.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        // What may not fit the body must not get into the buffer either: it would grow, and leave a copy behind.
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
    /// The key is good, and so is the operation if one was given.
    #[serde(borrow)]
    Valid(ValidKey<'a>),
    /// Do not let the caller in.
    #[serde(borrow)]
    Refused(Refusal<'a>),
}

impl Verdict<'_> {
    /// Appends the body that [`codec::encode`] appends, only faster.
    ///
    /// # Errors
    /// [`EncodeError`] when it would be longer than a body may be; `out` is then as it was.
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

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidKey<'a> {
    /// The user.
    pub user: &'a str,
    /// The key's id.
    pub key_id: KeyId,
    /// The key's label, if it has one.
    pub label: Option<&'a str>,
    /// When the key ends by itself.
    pub expires_at: Option<Timestamp>,
    /// What a cache must find unchanged to use this answer again.
    pub freshness: Freshness,
}

impl ValidKey<'_> {
    /// As the first kind of verdict.
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

/// Whether two texts fit a body for sure, whatever else is in the message: that is at most 71 bytes.
#[inline]
const fn fits(text: usize, other: usize) -> bool {
    text.saturating_add(other) <= MAX_BODY_BYTES - 71
}

/// The daemon's counters, read before the look-up. While all of them stand, so does the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// Counts the daemon's starts.
    pub instance: u64,
    /// Counts what concerns every key: a change of the policy table, of the rights.
    pub epoch: u64,
    /// The key's place among the generations, which is the daemon's to choose.
    pub slot: u32,
    /// Counts what concerns this key, and the few that share its place.
    pub generation: u64,
}

/// Why a key was not accepted.
///
/// A caller without the `inspect` right sees `Invalid` in place of every reason that tells something about
/// a key it does not hold; the verdicts of the policy table are shown to all, since the key was good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal<'a> {
    /// The key is unknown, wrong or ended.
    Invalid,
    /// No key of that id was ever saved.
    UnknownKey,
    /// The key of that id is a draft that nobody saved.
    NotSaved,
    /// The id is known, the secret is another one.
    WrongSecret,
    /// The key was good once.
    Revoked(#[serde(with = "form::RevocationCause")] RevocationCause),
    /// The record's bytes on disk are not what the daemon wrote.
    Damaged,
    /// The key is good and the policy table denies the operation; the name of the row, empty for the
    /// table's default.
    OperationDenied(&'a str),
    /// The key is good and the operation has no single meaning; the reason in words.
    OperationAmbiguous(&'a str),
}
