//! The public name of a key.

use super::base62;
use core::fmt;
use core::num::NonZeroU64;
use serde::{Deserialize, Serialize};

/// The public part of a key, by which it is looked up, listed and deleted: 1 to 62^10 - 1, written as ten
/// base62 digits. It is not a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct KeyId(NonZeroU64);

/// Why a value is not a [`KeyId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyIdError {
    /// Zero, or not below 62^10.
    #[error("a key id is a number from 1 to 62^10 - 1")]
    OutOfRange,
    /// Not ten characters of `0-9A-Za-z`.
    #[error("a key id is ten characters of 0-9, A-Z and a-z")]
    NotBase62,
}

impl KeyId {
    /// Digits of the text form.
    pub const DIGITS: usize = 10;

    /// One more than the largest id.
    pub const END: u64 = 62_u64.pow(10);

    /// From a number.
    ///
    /// # Errors
    /// [`KeyIdError::OutOfRange`] for zero and for [`KeyId::END`] and above.
    pub fn new(value: u64) -> Result<Self, KeyIdError> {
        NonZeroU64::new(value).filter(|value| value.get() < Self::END).map(Self).ok_or(KeyIdError::OutOfRange)
    }

    /// From its ten digits.
    ///
    /// # Errors
    /// [`KeyIdError`] for another length, another character, or the id zero.
    pub fn parse(text: &[u8]) -> Result<Self, KeyIdError> {
        if text.len() != Self::DIGITS {
            return Err(KeyIdError::NotBase62);
        }
        Self::new(base62::read(text).ok_or(KeyIdError::NotBase62)?)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The ten digits.
    #[must_use]
    pub fn to_digits(self) -> [u8; Self::DIGITS] {
        let mut digits = [0; Self::DIGITS];
        base62::write(self.get(), &mut digits);
        digits
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(core::str::from_utf8(&self.to_digits()).unwrap_or_default())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl core::str::FromStr for KeyId {
    type Err = KeyIdError;
    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        Self::parse(text.as_bytes())
    }
}

impl TryFrom<u64> for KeyId {
    type Error = KeyIdError;
    fn try_from(value: u64) -> Result<Self, KeyIdError> {
        Self::new(value)
    }
}

impl From<KeyId> for u64 {
    fn from(id: KeyId) -> Self {
        id.get()
    }
}
