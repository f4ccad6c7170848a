//! The start of every key, by which people and secret scanners recognise where a key belongs.

use core::fmt;

/// 2 to 8 characters of `a-z0-9`. The default is `akd`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyPrefix {
    bytes: [u8; Self::MAX],
    len: usize,
}

/// The text is not a [`KeyPrefix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key prefix is 2 to 8 characters of a-z and 0-9")]
pub struct KeyPrefixError;

impl KeyPrefix {
    /// The minimum number of characters.
    pub const MIN: usize = 2;
    /// The maximum number of characters.
    pub const MAX: usize = 8;

    /// Checks a text.
    ///
    /// # Errors
    /// [`KeyPrefixError`] for another length or another character.
    pub fn parse(text: &[u8]) -> Result<Self, KeyPrefixError> {
        let fits = (Self::MIN..=Self::MAX).contains(&text.len());
        if !fits || !text.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(KeyPrefixError);
        }
        let mut bytes = [0; Self::MAX];
        bytes.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Ok(Self { bytes, len: text.len() })
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Default for KeyPrefix {
    fn default() -> Self {
        Self { bytes: *b"akd\0\0\0\0\0", len: 3 }
    }
}

impl fmt::Display for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPrefix({self})")
    }
}
