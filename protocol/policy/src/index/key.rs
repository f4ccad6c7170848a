//! The beginning of a segment as one word, so that most comparisons are one instruction.

pub(super) const KEY_BYTES: usize = size_of::<u64>();

/// The first eight bytes, ASCII letters in lower case, padded with zeros. Keys sort like the texts do.
pub(crate) fn key(segment: &[u8]) -> u64 {
    let word = match segment.first_chunk::<KEY_BYTES>() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => {
            (0..8).rev().zip(segment).fold(0, |word, (place, &byte)| word | u64::from(byte) << (8 * place))
        }
    };
    fold(word)
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
    use super::key;

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
    }
}
