//! Hexadecimal digits of percent-encoding.

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// True if what follows a percent sign makes it a triplet, or `%uHHHH`.
pub(crate) fn starts_encoded(rest: &[u8]) -> bool {
    let digits = |from: usize, to: usize| {
        rest.get(from..to).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    digits(0, 2) || matches!(rest.first(), Some(b'u' | b'U')) && digits(1, 5)
}

/// The byte of a triplet whose percent sign has been read, and what follows it.
pub(crate) fn decoded_triplet(rest: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], after) = rest.split_first_chunk::<2>()?;
    let (high, low) = hex(*high).zip(hex(*low))?;
    Some((high << 4 | low, after))
}
