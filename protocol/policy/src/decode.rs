//! Percent-decoding of a path, once, and what must not come out of it.

use crate::Ambiguity;
use crate::lookalike;
use crate::target::Marks;

/// Decodes `path` into the front of `into` and returns what was written, with the marks that the decoded
/// characters add. `into` must be at least as long as `path`.
///
/// An encoded slash is refused, so a `/` in the result is one that was a `/` before.
pub(crate) fn decode<'b>(path: &[u8], into: &'b mut [u8]) -> Result<(&'b [u8], Marks), Ambiguity> {
    let mut marks = Marks::NONE;
    let mut length = 0;
    let mut rest = path.iter();
    let mut places = into.iter_mut();
    while let (Some(&byte), Some(place)) = (rest.next(), places.next()) {
        *place = if byte == b'%' {
            let (high, low) = (rest.next().and_then(hex), rest.next().and_then(hex));
            let decoded = high.zip(low).map(|(high, low)| high << 4 | low).ok_or(Ambiguity::BrokenTriplet)?;
            marks.add(judge_decoded(decoded)?);
            decoded
        } else {
            byte
        };
        length += 1;
    }
    let text: &[u8] = into.get(..length).unwrap_or_default();
    if marks.has(Marks::NON_ASCII) {
        judge_characters(text)?;
    }
    Ok((text, marks))
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: &u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn judge_decoded(byte: u8) -> Result<Marks, Ambiguity> {
    match byte {
        0..0x20 | 0x7f => Err(Ambiguity::EncodedControl),
        b'/' | b'\\' | b'%' | b'?' | b'#' | b';' => Err(Ambiguity::EncodedDelimiter),
        b' ' | b'.' => Ok(Marks::TRIMMED),
        b'(' => Ok(Marks::OPEN_BRACKET),
        0x80.. => Ok(Marks::NON_ASCII),
        _ => Ok(Marks::NONE),
    }
}

fn judge_characters(text: &[u8]) -> Result<(), Ambiguity> {
    let text = str::from_utf8(text).map_err(|_| Ambiguity::InvalidUtf8)?;
    let hidden =
        |c: char| !c.is_ascii() && (lookalike::is_invisible(c) || lookalike::is_delimiter_lookalike(c));
    if text.chars().any(hidden) { Err(Ambiguity::HiddenCharacter) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::Ambiguity;

    fn decoded(path: &str) -> Result<Vec<u8>, Ambiguity> {
        let mut buffer = [0; 64];
        decode(path.as_bytes(), &mut buffer).map(|(text, _)| text.to_vec())
    }

    #[test]
    fn triplets_decode_once_in_either_case() {
        assert_eq!(decoded("%61/b%2Ec/%c3%A9/%20").as_deref(), Ok("a/b.c/é/ ".as_bytes()));
    }

    #[test]
    fn every_encoded_ascii_character_is_judged() {
        for byte in 0..0x80_u8 {
            let expected = match byte {
                0..0x20 | 0x7f => Err(Ambiguity::EncodedControl),
                b'/' | b'\\' | b'%' | b'?' | b'#' | b';' => Err(Ambiguity::EncodedDelimiter),
                _ => Ok(vec![byte]),
            };
            assert_eq!(decoded(&format!("%{byte:02x}")), expected, "{byte:#x}");
            assert_eq!(decoded(&format!("%{byte:02X}")), expected, "{byte:#x}");
        }
    }

    #[test]
    fn triplets_must_be_whole() {
        for path in ["%", "a%", "%4", "%4/", "%g0", "%0g", "%%41", "%u0041", "% 41", "%+1"] {
            assert_eq!(decoded(path), Err(Ambiguity::BrokenTriplet), "{path}");
        }
    }

    #[test]
    fn only_shortest_form_utf8_is_taken() {
        for path in [
            "%c0%af",
            "%e0%80%af",
            "%f0%80%80%af",
            "%ed%a0%80",
            "%f4%90%80%80",
            "%ff",
            "%80",
            "%c3",
            "%c3/%a9",
        ] {
            assert_eq!(decoded(path), Err(Ambiguity::InvalidUtf8), "{path}");
        }
    }
}
