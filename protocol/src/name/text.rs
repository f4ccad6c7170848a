//! Where the text of a name lies: in place while it is short.

use core::fmt;
use std::sync::Arc;

/// Bytes that lie in place. With them a text has 40 bytes, and the 36 characters of a UUID, the longest of
/// the usual forms of a user id, fit.
const IN_PLACE: usize = 38;

/// A text that is copied without an allocation, and while it is short without touching memory that another
/// thread writes to: a verdict is given from a cache far more often than anything else is done, by many
/// threads at once, and each time its names are copied.
#[derive(Clone)]
pub(super) enum Text {
    Short { len: u8, bytes: [u8; IN_PLACE] },
    Long(Arc<str>),
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        let mut bytes = [0; IN_PLACE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(text.as_bytes());
                Self::Short { len, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            // Made from a text and never changed, so this reads it back whole.
            Self::Short { .. } => core::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(text) => text.as_bytes(),
        }
    }
}

// The order of texts is that of their bytes.
impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}
impl Eq for Text {}
impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Text {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}
impl core::hash::Hash for Text {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_reads_the_same_wherever_it_lies() {
        for length in 0..=IN_PLACE + 2 {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let held = Text::new(&text);
            assert_eq!(held.as_str(), text);
            assert_eq!(held.clone(), held);
            assert_eq!(matches!(held, Text::Short { .. }), length <= IN_PLACE, "{length}");
        }
        assert_eq!(size_of::<Text>(), 40);
        assert_eq!(size_of::<Option<Text>>(), 40);
    }

    #[test]
    fn the_order_is_that_of_texts() {
        let (long, longer) = ("a".repeat(39), "a".repeat(40));
        let texts = ["", "a", &long, &longer, "b", "é"];
        assert!(texts.map(Text::new).is_sorted());
        assert!(Text::new("b") > Text::new(&longer));
    }
}
