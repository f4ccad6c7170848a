//! The beginning of a segment as one word, so that most comparisons are one instruction.

pub(super) const KEY_BYTES: usize = size_of::<u64>();

/// The first eight bytes, ASCII letters in lower case, padded with zeros. Keys sort like the texts.
pub(super) fn key(segment: &[u8]) -> u64 {
    // Two overlapping pieces make up the whole; they agree where they overlap.
    let word =
        match (segment.first_chunk::<KEY_BYTES>(), segment.first_chunk::<4>(), segment.last_chunk::<4>()) {
            (Some(bytes), _, _) => u64::from_be_bytes(*bytes),
            (None, Some(first), Some(last)) => {
                let last = u64::from(u32::from_be_bytes(*last)) << (8 * (KEY_BYTES - segment.len()));
                u64::from(u32::from_be_bytes(*first)) << 32 | last
            }
            _ => match *segment {
                [a] => u64::from_be_bytes([a, 0, 0, 0, 0, 0, 0, 0]),
                [a, b] => u64::from_be_bytes([a, b, 0, 0, 0, 0, 0, 0]),
                [a, b, c] => u64::from_be_bytes([a, b, c, 0, 0, 0, 0, 0]),
                _ => 0,
            },
        };
    fold(word)
}

pub(super) const WIDE_BYTES: usize = 2 * KEY_BYTES;

/// The first sixteen bytes, likewise.
pub(super) fn wide_key(segment: &[u8]) -> u128 {
    let rest = segment.get(KEY_BYTES..).map_or(0, key);
    u128::from(key(segment)) << u64::BITS | u128::from(rest)
}

/// Folds eight bytes at once. In each byte the top bit serves as the answer to a comparison.
fn fold(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = 0x80 * EACH;
    let low = word & !TOP;
    let from_a = low + (0x80 - 0x41) * EACH;
    let past_z = low + (0x80 - 0x5b) * EACH;
    let upper = from_a & !past_z & !word & TOP;
    // 0x80 >> 2 is 0x20, the difference between the cases.
    word | upper >> 2
}

#[cfg(test)]
mod tests {
    use super::{key, wide_key};

    #[test]
    fn every_byte_folds_like_ascii_in_every_place() {
        for byte in 0..=255_u8 {
            for place in 0..10 {
                let mut text = [b'q'; 10];
                text[place] = byte;
                for length in 0..=text.len() {
                    let mut expected = [0; 8];
                    let shown = length.min(8);
                    expected[..shown].copy_from_slice(&text[..shown].to_ascii_lowercase());
                    assert_eq!(
                        key(&text[..length]),
                        u64::from_be_bytes(expected),
                        "{byte:#x} at {place} of {length}"
                    );
                }
            }
        }
    }

    #[test]
    fn keys_sort_like_texts() {
        let texts = ["", "a", "a!", "aa", "abcdefg", "abcdefgh", "b", "~"];
        assert!(texts.windows(2).all(|pair| key(pair[0].as_bytes()) < key(pair[1].as_bytes())));
        let texts =
            [texts.as_slice(), &["resource", "resource-", "resource-1", "resource-12345678"]].concat();
        let keys = |text: &str| wide_key(text.as_bytes());
        assert!(texts.windows(2).all(|pair| (keys(pair[0]) < keys(pair[1])) == (pair[0] < pair[1])));
    }
}
