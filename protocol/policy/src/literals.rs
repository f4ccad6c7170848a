//! The distinct literals of a table, and a fast test whether a text is one.

use crate::key::{KEY_BYTES, key};

/// The literals of all rows, in lower case. Their numbers ascend in the order of their texts.
#[derive(Debug, Default)]
pub(crate) struct Literals {
    texts: Vec<Box<[u8]>>,
    /// The number of a literal plus one, in the slot that its text hashes to, or the next free one. The
    /// number of slots is a power of two, and at most a quarter of them are taken.
    slots: Vec<u32>,
    /// Bit `n` is set if a literal has `n` bytes; the last bit, if one is longer than 126.
    lengths: u128,
    /// Bit `n` is set if a literal starts with the byte `n`.
    firsts: u128,
    /// The most dots inside any literal. A segment has at most one more cut that can be a literal.
    pub(crate) dots: usize,
    /// Length of the longest literal, in bytes.
    pub(crate) longest: usize,
    /// The most dots at the start of any literal.
    pub(crate) leading_dots: usize,
}

impl Literals {
    pub(crate) fn new<'a>(literals: impl Iterator<Item = &'a str>) -> Self {
        let mut texts: Vec<_> =
            literals.map(|literal| literal.to_ascii_lowercase().into_bytes().into_boxed_slice()).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut all =
            Self { slots: vec![0; (texts.len() * 4).next_power_of_two().max(4)], ..Self::default() };
        for (text, number) in texts.iter().zip(1..) {
            let free = all.probe(text).find(|&slot| all.slots.get(slot) == Some(&0));
            if let Some(slot) = free.and_then(|slot| all.slots.get_mut(slot)) {
                *slot = number;
            }
            all.lengths |= length_bit(text);
            all.firsts |= first_bit(text);
            all.dots = all.dots.max(text.iter().filter(|byte| **byte == b'.').count());
            all.longest = all.longest.max(text.len());
            all.leading_dots = all.leading_dots.max(text.iter().take_while(|byte| **byte == b'.').count());
        }
        Self { texts, ..all }
    }

    /// The literal with a number, in lower case.
    pub(super) fn text(&self, number: u32) -> &[u8] {
        usize::try_from(number).ok().and_then(|number| self.texts.get(number)).map_or(&[], |text| text)
    }

    /// True if a text is the literal with this number, whatever its case.
    pub(super) fn is(&self, number: u32, text: &[u8]) -> bool {
        let literal = usize::try_from(number).ok().and_then(|number| self.texts.get(number));
        literal.is_some_and(|literal| literal.eq_ignore_ascii_case(text))
    }

    /// The number of the literal that a text is, whatever its case.
    pub(crate) fn find(&self, text: &[u8]) -> Option<u32> {
        if self.lengths & length_bit(text) == 0 || self.firsts & first_bit(text) == 0 {
            return None;
        }
        for slot in self.probe(text) {
            let number = self.slots.get(slot)?.checked_sub(1)?;
            let literal = usize::try_from(number).ok().and_then(|number| self.texts.get(number))?;
            if literal.eq_ignore_ascii_case(text) {
                return Some(number);
            }
        }
        None
    }

    /// True if trimming dots from a plain segment and cutting it at a dot gives no literal other than the
    /// whole segment, and leaves some text.
    pub(crate) fn has_no_cut(&self, segment: &[u8]) -> bool {
        let Some(dot) = segment.iter().position(|byte| *byte == b'.') else { return true };
        // The common case: only the first cut can be a literal.
        if self.dots == 0 && dot > 0 && segment.last() != Some(&b'.') {
            return segment.get(..dot).and_then(|cut| self.find(cut)).is_none();
        }
        let Some(name) = segment.iter().position(|byte| *byte != b'.') else { return false };
        // Some of the leading dots may be part of the literal.
        (name - name.min(self.leading_dots)..=name).all(|start| {
            let named = segment.get(start..).unwrap_or_default();
            let cuts = named.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(at, _)| at);
            cuts.take(self.dots + 1).chain([named.len()]).all(|cut| {
                let cut = named.get(..cut).unwrap_or_default();
                let length = cut.iter().rposition(|byte| *byte != b'.').map_or(0, |at| at + 1);
                let is_all = start == 0 && length == segment.len();
                is_all || cut.get(..length).and_then(|cut| self.find(cut)).is_none()
            })
        })
    }

    /// False if no literal starts with this byte.
    pub(crate) fn may_start_with(&self, byte: u8) -> bool {
        self.firsts & first_bit(&[byte]) != 0
    }

    /// True if some literal starts with a lower-case text.
    pub(crate) fn any_starts_with(&self, text: &[u8]) -> bool {
        if !text.is_empty() && self.firsts & first_bit(text) == 0 {
            return false;
        }
        let first = self.texts.partition_point(|literal| **literal < *text);
        self.texts.get(first).is_some_and(|literal| literal.starts_with(text))
    }

    /// The slots that may hold a text, in the order in which they are tried.
    fn probe(&self, text: &[u8]) -> impl Iterator<Item = usize> + use<> {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let words = text.chunks(KEY_BYTES).map(key);
        let hash = words.fold(0, |hash: u64, word| (hash.rotate_left(29) ^ word).wrapping_mul(ODD));
        let (first, count) = (usize::try_from(hash >> 33).unwrap_or_default(), self.slots.len());
        (0..count).map(move |step| (first + step) & (count - 1))
    }
}

fn length_bit(text: &[u8]) -> u128 {
    1 << text.len().min(127)
}

fn first_bit(text: &[u8]) -> u128 {
    text.first().map_or(0, |byte| 1_u128 << (byte.to_ascii_lowercase() & 0x7f))
}

#[cfg(test)]
mod tests {
    use super::Literals;

    #[test]
    fn every_literal_has_its_number_and_nothing_else_has_one() {
        let texts: Vec<_> = (0..3_000).map(|n| format!("Resource-{n:04}.v{}", n % 7)).collect();
        let literals = Literals::new(texts.iter().map(String::as_str).chain(["a", ".b..c", "A"]));
        let mut numbers: Vec<_> = texts.iter().map(|text| literals.find(text.as_bytes()).unwrap()).collect();
        assert!(numbers.is_sorted(), "they ascend as the texts do");
        numbers.dedup();
        assert_eq!(numbers.len(), texts.len());
        assert_eq!(literals.find(b"RESOURCE-0007.V0"), literals.find(b"resource-0007.v0"));
        assert_eq!(literals.find(b"a"), literals.find(b"A"));
        for other in ["", "b", "resource-3000.v4", "resource-0007.v", "resource-0007.v00"] {
            assert_eq!(literals.find(other.as_bytes()), None, "{other}");
        }
        assert_eq!((literals.dots, literals.longest, literals.leading_dots), (3, 16, 1));
        for (text, expected) in [("", true), ("reso", true), ("resource-2999", true), (".b..c", true)] {
            assert_eq!(literals.any_starts_with(text.as_bytes()), expected, "{text}");
        }
        assert!(!literals.any_starts_with(b"resource-3") && !literals.any_starts_with(b"z"));
        assert_eq!(Literals::default().find(b"a"), None);
    }
}
