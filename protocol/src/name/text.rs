//! The text of a name, stored inline while it is short.

use core::fmt;
use std::sync::Arc;

/// A short name in words, for memory that is shared word by word.
pub type Packed = [u64; 5];

/// Bytes stored inline. The 36 characters of a UUID, the longest of the usual forms of a user id, fit.
const IN_PLACE: usize = 39;

/// A text that is copied without an allocation and, while it is short, without touching memory that another
/// thread writes to. Caches give verdicts far more often than anything else happens, in many threads at once,
/// and copy the names each time.
#[derive(Clone)]
pub(super) enum Text {
    Short(InPlace),
    Long(Arc<str>),
}

/// The bytes of a text, zeros, and its length at the end. Aligned to words, because it is copied in words.
#[derive(Clone, Copy)]
#[repr(align(8))]
pub(super) struct InPlace([u8; IN_PLACE + 1]);

impl InPlace {
    fn new(text: &[u8]) -> Option<Self> {
        let mut all = [0; IN_PLACE + 1];
        let (len, bytes) = all.split_last_mut()?;
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        *len = u8::try_from(text.len()).ok()?;
        Some(Self(all))
    }

    fn bytes(&self) -> &[u8] {
        let [bytes @ .., len] = &self.0;
        bytes.get(..usize::from(*len)).unwrap_or_default()
    }
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        InPlace::new(text.as_bytes()).map_or_else(|| Self::Long(text.into()), Self::Short)
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            // Made from a text and never changed, so this reads back all of it.
            Self::Short(_) => core::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(in_place) => in_place.bytes(),
            Self::Long(text) => text.as_bytes(),
        }
    }

    #[inline]
    pub(super) fn pack(&self) -> Option<Packed> {
        let Self::Short(InPlace(bytes)) = self else { return None };
        let (words, _) = bytes.as_chunks();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        Some(core::array::from_fn(|_| words.next().unwrap_or_default()))
    }

    #[inline]
    pub(super) fn unpack(packed: &Packed) -> Self {
        let mut bytes = [0; IN_PLACE + 1];
        let (words, _) = bytes.as_chunks_mut();
        words.iter_mut().zip(packed).for_each(|(word, packed)| *word = packed.to_le_bytes());
        Self::Short(InPlace(bytes))
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
            assert_eq!(matches!(held, Text::Short(_)), length <= IN_PLACE, "{length}");
            let packed = held.pack();
            assert_eq!(packed.is_some(), length <= IN_PLACE, "{length}");
            assert!(packed.is_none_or(|packed| Text::unpack(&packed).as_str() == text), "{length}");
        }
        assert_eq!(size_of::<Text>(), 48);
        assert_eq!(size_of::<Option<Text>>(), 48);
    }

    #[test]
    fn the_order_is_that_of_texts() {
        let (long, longer) = ("a".repeat(40), "a".repeat(41));
        let texts = ["", "a", &long, &longer, "b", "é"];
        assert!(texts.map(Text::new).is_sorted());
        assert!(Text::new("b") > Text::new(&longer));
    }

    #[test]
    fn words_that_were_never_packed_are_no_harm() {
        for word in [0, 1, u64::MAX, 0x8080_8080_8080_8080] {
            let text = Text::unpack(&[word; 5]);
            assert!(text.as_str().len() <= IN_PLACE && text.as_bytes().len() <= IN_PLACE);
        }
    }
}
