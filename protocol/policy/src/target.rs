//! The raw request target: its form, its length, its bytes.

use crate::Ambiguity;

/// Longest request target that is judged, in bytes. RFC 9112 section 3 recommends that servers take request
/// lines of at least 8,000; nginx and Apache httpd stop at 8 KiB as shipped.
pub const MAX_TARGET_BYTES: usize = 8_192;

/// A target in origin form whose bytes each have one meaning.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// Without the leading slash and without one trailing slash; still percent-encoded.
    pub(crate) path: &'a [u8],
    /// After the first `?`.
    pub(crate) query: Option<&'a [u8]>,
    pub(crate) marks: Marks,
}

/// What occurs in a path, so that most paths are spared the checks that they cannot fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks(u8);

impl Marks {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const PERCENT: Self = Self(1);
    /// A dot or a blank: what trimming routers drop.
    pub(crate) const TRIMMED: Self = Self(1 << 1);
    pub(crate) const OPEN_BRACKET: Self = Self(1 << 2);
    pub(crate) const NON_ASCII: Self = Self(1 << 3);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl<'a> Target<'a> {
    pub(crate) fn parse(target: &'a [u8]) -> Result<Self, Ambiguity> {
        match target {
            [] => return Err(Ambiguity::EmptyTarget),
            [b'/', b'/' | b'\\', ..] => return Err(Ambiguity::NetworkPath),
            [b'/', ..] => {}
            _ => return Err(Ambiguity::NotOriginForm),
        }
        if target.len() > MAX_TARGET_BYTES {
            return Err(Ambiguity::LongTarget);
        }
        let mut marks = Marks::NONE;
        let mut end = target.len();
        for (at, &byte) in target.iter().enumerate() {
            let class = class(byte);
            if class >= QUERY {
                if class == QUERY {
                    end = at;
                    break;
                }
                return Err(refusal(byte));
            }
            marks.add(Marks(class));
        }
        let query = target.get(end..).and_then(|rest| rest.split_first()).map(|(_, query)| query);
        if let Some(&byte) = query.and_then(|query| query.iter().find(|&&byte| is_refused_anywhere(byte))) {
            return Err(refusal(byte));
        }
        let path = target.get(1..end).unwrap_or_default();
        let path = path.strip_suffix(b"/").unwrap_or(path);
        Ok(Self { path, query, marks })
    }
}

/// The class of a byte of a path: a combination of [`Marks`], or `QUERY`, or `REFUSED`.
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(REFUSED)
}

const QUERY: u8 = 0x40;
const REFUSED: u8 = 0x80;

const CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated by the compiler")]
const fn classes() -> [u8; 256] {
    let mut table = [REFUSED; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = match byte as u8 {
            // RFC 3986 section 3.3: pchar without percent-encoding and without `;`.
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => 0,
            b'-' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b')' | b'*' | b'+' | b',' | b'=' | b':'
            | b'@' => 0,
            b'/' => 0,
            b'.' => Marks::TRIMMED.0,
            b'(' => Marks::OPEN_BRACKET.0,
            b'%' => Marks::PERCENT.0,
            b'?' => QUERY,
            _ => REFUSED,
        };
        byte += 1;
    }
    table
}

/// Bytes that are ambiguous in the query too: some parser strips them, or ends the target there.
fn is_refused_anywhere(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'#' | 0x7f)
}

#[cold]
fn refusal(byte: u8) -> Ambiguity {
    match byte {
        b'#' => Ambiguity::Fragment,
        0..=b' ' | 0x7f => Ambiguity::ControlOrBlank,
        _ => Ambiguity::PathByte,
    }
}

/// True for bytes that stand for themselves in a path, and so may stand in a literal of a template.
pub(crate) fn is_plain_path_byte(byte: u8) -> bool {
    let class = class(byte);
    class < QUERY && byte != b'%' && byte != b'/'
}

#[cfg(test)]
mod tests {
    use super::{MAX_TARGET_BYTES, Target, is_plain_path_byte};
    use crate::Ambiguity;

    fn refusal(target: &[u8]) -> Option<Ambiguity> {
        Target::parse(target).err()
    }

    #[test]
    fn path_and_query_are_parted_at_the_first_question_mark() {
        let target = Target::parse(b"/a/b/?x=?/&y=%zz").unwrap();
        assert_eq!((target.path, target.query), (&b"a/b"[..], Some(&b"x=?/&y=%zz"[..])));
        let root = Target::parse(b"/?").unwrap();
        assert_eq!((root.path, root.query), (&b""[..], Some(&b""[..])));
        assert_eq!(Target::parse(b"/a").unwrap().query, None);
    }

    #[test]
    fn the_longest_target_is_8192_bytes() {
        let mut target = vec![b'a'; MAX_TARGET_BYTES];
        target[0] = b'/';
        assert_eq!(refusal(&target), None);
        target.push(b'a');
        assert_eq!(refusal(&target), Some(Ambiguity::LongTarget));
    }

    #[test]
    fn every_byte_of_a_path_is_judged_by_rfc_3986() {
        for byte in 0..=255_u8 {
            let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte);
            assert_eq!(is_plain_path_byte(byte), plain, "{byte:#x}");
            let expected = match byte {
                b'/' | b'\\' => Some(Ambiguity::NetworkPath),
                b'%' | b'?' => None,
                b'#' => Some(Ambiguity::Fragment),
                0..=0x20 | 0x7f => Some(Ambiguity::ControlOrBlank),
                _ if plain => None,
                _ => Some(Ambiguity::PathByte),
            };
            assert_eq!(refusal(&[b'/', byte]), expected, "{byte:#x}");
        }
    }

    #[test]
    fn queries_may_hold_what_does_not_end_or_split_a_target() {
        for byte in 0..=255_u8 {
            let refused = byte <= b' ' || byte == 0x7f || byte == b'#';
            assert_eq!(refusal(&[b'/', b'?', byte]).is_some(), refused, "{byte:#x}");
        }
    }
}
