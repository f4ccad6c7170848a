//! Fixed-width base62 over `0-9A-Za-z`, most significant digit first.

/// The digits in order of value.
pub(super) const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Writes `value` into all of `out`, zero-padded. Digits that do not fit are dropped, so callers keep `value`
/// below `62^out.len()`.
pub(super) fn write(mut value: u64, out: &mut [u8]) {
    for place in out.iter_mut().rev() {
        *place = digit(value % 62);
        value /= 62;
    }
}

/// Reads all of `digits`; `None` for a byte outside the alphabet or a value above `u64::MAX`.
pub(super) fn read(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0_u64, |value, byte| value.checked_mul(62)?.checked_add(u64::from(value_of(*byte)?)))
}

/// The character for a value below 62; larger ones wrap.
pub(super) fn digit(value: u64) -> u8 {
    ALPHABET.iter().copied().nth(usize::try_from(value % 62).unwrap_or(0)).unwrap_or(b'0')
}

/// Whether a byte is one of the 62 digits.
pub(super) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn value_of(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'Z' => Some(byte - b'A' + 10),
        b'a'..=b'z' => Some(byte - b'a' + 36),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        for value in [0, 1, 61, 62, 3843, 62_u64.pow(10) - 1] {
            let mut out = [0; 10];
            write(value, &mut out);
            assert_eq!(read(&out), Some(value));
        }
        assert_eq!(read(b"00000z"), Some(61));
        assert_eq!(read(b"0000-0"), None);
        assert_eq!(read(b"zzzzzzzzzzz"), None, "62^11 - 1 is above u64::MAX");
    }
}
