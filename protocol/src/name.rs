//! User ids and labels: opaque text from services, checked once on entry.
//!
//! Neither is ever folded, trimmed or normalised: two ids that differ in a byte are two users. Similar programs
//! have granted one user's rights to another by folding names in an authorisation decision.

mod text;

use crate::limit::{MAX_LABEL_BYTES, MAX_USER_BYTES};
use crate::text::forges_display;
use core::fmt;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
pub use text::Packed;
use text::Text;

/// An account as the services name it: 1 to [`MAX_USER_BYTES`] bytes of UTF-8, no control or invisible
/// characters, no white space at the ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Text);

/// A person's note by which to recognise a key: 1 to [`MAX_LABEL_BYTES`] bytes of UTF-8, no control or
/// invisible characters, no white space at the ends.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Label(Text);

/// Why a text is not a [`UserId`] or a [`Label`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Empty.
    #[error("is empty; give at least one character")]
    Empty,
    /// More bytes than the limit.
    #[error("has {bytes} bytes of UTF-8; at most {limit} are allowed")]
    TooLong {
        /// The number of bytes.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A control character, an invisible one, or one that reorders the text around it: it would forge what a
    /// terminal or a log shows.
    #[error("has the control or invisible character U+{code:04X} at byte {at}; remove it")]
    Control {
        /// The character's code point.
        code: u32,
        /// Where it starts, in bytes.
        at: usize,
    },
    /// White space (Unicode property `White_Space`) at either end, where people cannot see it.
    #[error("begins or ends with white space; remove it")]
    OuterSpace,
}

impl UserId {
    /// Checks a text.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text, MAX_USER_BYTES).map(|()| Self(Text::new(text)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Label {
    /// Checks a text.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text, MAX_LABEL_BYTES).map(|()| Self(Text::new(text)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
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

macro_rules! text_impls {
    ($name:ident, $what:literal) => {
        impl $name {
            /// The name in words; none if it has more than 39 bytes.
            #[must_use]
            #[inline]
            pub fn pack(&self) -> Option<Packed> {
                self.0.pack()
            }

            /// The name from which [`pack`](Self::pack) made these words. Not checked again: other words make
            /// an invalid name.
            #[must_use]
            #[inline]
            pub fn unpack(packed: &Packed) -> Self {
                Self(Text::unpack(packed))
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().into()
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a name")
                    }
                    // Checked before it is copied.
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(|why| E::custom(format_args!("{} {why}", $what)))
                    }
                }
                deserializer.deserialize_str(Text)
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
                f.pad(self.as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
}
text_impls!(UserId, "the user id");
text_impls!(Label, "the label");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_user_id_and_what_is_not() {
        for good in
            ["a", "alice@example.com", "a b", "日本", "می\u{200c}خواهم", &"x".repeat(255), "../x", "Root"]
        {
            assert_eq!(UserId::parse(good).map(|u| u.as_str().to_owned()).as_deref(), Ok(good));
        }
        assert_eq!(UserId::parse(""), Err(NameError::Empty));
        assert_eq!(UserId::parse(&"x".repeat(256)), Err(NameError::TooLong { bytes: 256, limit: 255 }));
        assert_eq!(UserId::parse("a\0b"), Err(NameError::Control { code: 0, at: 1 }));
        assert_eq!(UserId::parse("a\u{9b}"), Err(NameError::Control { code: 0x9b, at: 1 }));
        for invisible in ['\u{ad}', '\u{200b}', '\u{202e}', '\u{2060}', '\u{feff}', '\u{e0041}'] {
            let refused = Err(NameError::Control { code: u32::from(invisible), at: 2 });
            assert_eq!(UserId::parse(&format!("ab{invisible}c")), refused, "{invisible:?}");
        }
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
