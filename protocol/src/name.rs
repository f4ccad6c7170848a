//! User ids and labels: opaque text from services, checked once where it enters.
//!
//! Neither is ever folded, trimmed or normalised: two ids that differ in a byte are two users. Folding
//! names in an authorisation decision is how peers of this program came to grant one user's rights to
//! another.

use crate::limit::{MAX_LABEL_BYTES, MAX_USER_BYTES};
use core::fmt;
use serde::{Deserialize, Serialize};

/// An account as the services name it: 1 to 255 bytes of UTF-8, no control characters, no white space
/// at the ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(Box<str>);

/// What a person wrote beside a key to recognise it: 1 to 128 bytes of UTF-8, no control characters, no
/// white space at the ends.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(Box<str>);

/// Why a text is not a [`UserId`] or a [`Label`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// No bytes at all.
    #[error("is empty; give at least one character")]
    Empty,
    /// More bytes than the limit.
    #[error("has {bytes} bytes of UTF-8; at most {limit} are allowed")]
    TooLong {
        /// Bytes that came.
        bytes: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// A control character (Unicode category Cc), a line or paragraph separator, or a character that
    /// reorders the text around it: it would forge what a terminal or a log shows.
    #[error("has the control character U+{code:04X} at byte {at}; remove it")]
    Control {
        /// The character's code point.
        code: u32,
        /// Where it starts, in bytes.
        at: usize,
    },
    /// White space at an end, which people cannot see.
    #[error("begins or ends with white space; remove it")]
    OuterSpace,
}

impl UserId {
    /// Checks a text.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text, MAX_USER_BYTES).map(|()| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Label {
    /// Checks a text.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text, MAX_LABEL_BYTES).map(|()| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str, limit: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > limit {
        return Err(NameError::TooLong { bytes: text.len(), limit });
    }
    if let Some((at, character)) = text.char_indices().find(|(_, c)| forges_display(*c)) {
        return Err(NameError::Control { code: u32::from(character), at });
    }
    if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Err(NameError::OuterSpace);
    }
    Ok(())
}

/// Control characters, and those that act like one on a screen: line and paragraph separator, the
/// bidirectional marks, embeddings, overrides and isolates (Unicode Standard Annex 9, section 2), BOM.
fn forges_display(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

macro_rules! text_impls {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }
        impl core::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}
text_impls!(UserId);
text_impls!(Label);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_user_id_and_what_is_not() {
        for good in ["a", "alice@example.com", "a b", "日本", &"x".repeat(255), "../x", "Root"] {
            assert_eq!(UserId::parse(good).map(|u| u.as_str().to_owned()).as_deref(), Ok(good));
        }
        assert_eq!(UserId::parse(""), Err(NameError::Empty));
        assert_eq!(UserId::parse(&"x".repeat(256)), Err(NameError::TooLong { bytes: 256, limit: 255 }));
        assert_eq!(UserId::parse("a\0b"), Err(NameError::Control { code: 0, at: 1 }));
        assert_eq!(UserId::parse("a\u{9b}"), Err(NameError::Control { code: 0x9b, at: 1 }));
        assert_eq!(UserId::parse("ab\u{202E}c"), Err(NameError::Control { code: 0x202E, at: 2 }));
        for blank in [" a", "a ", "\u{a0}a", "a\u{3000}"] {
            assert_eq!(UserId::parse(blank), Err(NameError::OuterSpace), "{blank:?}");
        }
    }

    #[test]
    fn a_label_has_its_own_limit() {
        assert!(Label::parse(&"l".repeat(128)).is_ok());
        assert_eq!(Label::parse(&"l".repeat(129)), Err(NameError::TooLong { bytes: 129, limit: 128 }));
    }
}
