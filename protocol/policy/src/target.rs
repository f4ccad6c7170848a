//! The raw request target: its form, its length, its bytes.

use crate::ambiguity::Ambiguity;

/// Maximum length of a request target, in bytes. RFC 9112 section 3 recommends that servers accept request
/// lines of at least 8,000; nginx and Apache httpd stop at 8 KiB by default.
pub const MAX_TARGET_BYTES: usize = 8_192;

/// A target in one of the forms of a request target (RFC 9112 section 3.2).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// `*`: the server as a whole.
    Asterisk,
    /// A path.
    Path(Path<'a>),
}

/// The path of a target in origin or absolute form, and its query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    /// Without the slash at its start and without one at its end; still percent-encoded.
    pub(crate) text: &'a [u8],
    /// After the first `?`.
    pub(crate) query: Option<&'a [u8]>,
    pub(crate) marks: Marks,
}

/// What a path contains, so that most paths skip readings that they do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Marks(u8);

impl Marks {
    pub(crate) const PERCENT: Self = Self(1);
    pub(crate) const OPEN_BRACKET: Self = Self(1 << 1);
    /// A byte that some server does not treat literally.
    pub(crate) const SEVERAL_READINGS: Self = Self(1 << 2);
    pub(crate) const DOT: Self = Self(1 << 3);

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl<'a> Target<'a> {
    /// # Errors
    /// Why HTTP does not allow the target.
    pub(crate) fn parse(method: &[u8], target: &'a [u8]) -> Result<Self, Ambiguity> {
        if target.is_empty() {
            return Err(Ambiguity::EmptyTarget);
        }
        if target.len() > MAX_TARGET_BYTES {
            return Err(Ambiguity::LongTarget);
        }
        match target {
            [b'/', ..] => Path::parse(target).map(Self::Path),
            b"*" if method == b"OPTIONS" => Ok(Self::Asterisk),
            _ => {
                // Faults that affect every form are reported first.
                if let Some(&byte) = target.iter().find(|&&byte| is_refused(byte)) {
                    return Err(refusal(byte));
                }
                Path::parse(after_authority(target).ok_or(Ambiguity::NotOriginForm)?).map(Self::Path)
            }
        }
    }
}

impl<'a> Path<'a> {
    /// Parses a target that starts with the slash of its path, or one for the root that is empty or starts
    /// with `?`.
    fn parse(target: &'a [u8]) -> Result<Self, Ambiguity> {
        let (mut marks, mut looked_at) = (0, 0);
        // Several bytes at once, up to where the path may end.
        for several in target.as_chunks::<AT_ONCE>().0 {
            let classes = several.iter().fold(0, |classes, byte| classes | class(*byte));
            if classes >= QUERY {
                break;
            }
            marks |= classes;
            looked_at += AT_ONCE;
        }
        let mut end = target.len();
        let rest = target.get(looked_at..).unwrap_or_default();
        for (&byte, at) in rest.iter().zip(looked_at..) {
            let class = class(byte);
            if class >= QUERY {
                if class == QUERY {
                    end = at;
                    break;
                }
                return Err(refusal(byte));
            }
            marks |= class;
        }
        let query = target.get(end..).and_then(|rest| rest.split_first()).map(|(_, query)| query);
        if let Some(&byte) = query.and_then(|query| query.iter().find(|&&byte| is_refused(byte))) {
            return Err(refusal(byte));
        }
        let text = target.get(1..end).unwrap_or_default();
        // Two slashes alone are an empty segment, not a root with a trailing slash.
        let text = if text.len() > 1 { text.strip_suffix(b"/").unwrap_or(text) } else { text };
        Ok(Self { text, query, marks: Marks(marks) })
    }

    /// True if the path starts with a second slash or a backslash, which a URL parser takes for the start of
    /// a host.
    pub(crate) fn starts_like_a_host(&self) -> bool {
        matches!(self.text.first(), Some(b'/' | b'\\'))
    }
}

/// What follows `http://` or `https://` and a host; none if the target does not start that way (RFC 3986
/// section 3).
fn after_authority(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().position(|&byte| byte == b':')?;
    let (scheme, rest) = target.split_at_checked(colon)?;
    let is_scheme = scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https");
    let rest = rest.strip_prefix(b"://").filter(|_| is_scheme)?;
    let end = rest.iter().position(|byte| b"/?".contains(byte)).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    // Fewer characters than RFC 3986 allows: only those on which host parsers agree.
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:@[]".contains(byte);
    // Not every parser ends a host at a question mark.
    let is_parted = rest.first() != Some(&b'?') || !rest.contains(&b'/');
    (is_parted && !authority.is_empty() && authority.iter().all(is_host)).then_some(rest)
}

/// The class of a byte of a path: a combination of [`Marks`], or `QUERY`, or `REFUSED`.
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(REFUSED)
}

/// Number of bytes of a path that are examined at once.
const AT_ONCE: usize = 8;

const QUERY: u8 = 0x40;
const REFUSED: u8 = 0x80;
const CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated by the compiler")]
const fn classes() -> [u8; 256] {
    let mut table = [Marks::SEVERAL_READINGS.0; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = match byte as u8 {
            // RFC 3986 section 3.3: pchar without percent-encoding, and without `;`.
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => 0,
            b'-' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b')' | b'*' | b'+' | b',' | b'=' | b':'
            | b'@' => 0,
            b'/' => 0,
            b'(' => Marks::OPEN_BRACKET.0,
            b'%' => Marks::PERCENT.0,
            b'.' => Marks::DOT.0,
            b'?' => QUERY,
            0..=b' ' | b'#' | 0x7f => REFUSED,
            _ => Marks::SEVERAL_READINGS.0,
        };
        byte += 1;
    }
    table
}

/// True for bytes that HTTP does not allow anywhere in a target: some parser strips them, or ends the target
/// there.
fn is_refused(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'#' | 0x7f)
}

#[cold]
fn refusal(byte: u8) -> Ambiguity {
    if byte == b'#' { Ambiguity::Fragment } else { Ambiguity::ControlOrBlank }
}

/// True for bytes that represent themselves in a path, and so may be in a literal of a template.
pub(crate) fn is_literal_byte(byte: u8) -> bool {
    byte == b'.' || is_plain(byte) && byte != b'/'
}

/// True for bytes that every server reads as themselves, including the slash. An open bracket is one, unless
/// two of them start a segment.
pub(crate) fn is_plain(byte: u8) -> bool {
    matches!(class(byte), 0) || byte == b'('
}

#[cfg(test)]
mod tests {
    use super::{MAX_TARGET_BYTES, Marks, Path, Target, is_literal_byte};
    use crate::ambiguity::Ambiguity;

    fn refusal(target: &[u8]) -> Option<Ambiguity> {
        Target::parse(b"GET", target).err()
    }

    fn path(target: &[u8]) -> Path<'_> {
        match Target::parse(b"GET", target) {
            Ok(Target::Path(path)) => path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn path_and_query_are_parted_at_the_first_question_mark() {
        let target = path(b"/a/b/?x=?/&y=%zz");
        assert_eq!((target.text, target.query), (&b"a/b"[..], Some(&b"x=?/&y=%zz"[..])));
        assert_eq!((path(b"/?").text, path(b"/?").query), (&b""[..], Some(&b""[..])));
        assert_eq!(path(b"/a").query, None);
        assert_eq!(path(b"//").text, b"/");
        assert_eq!(path(b"/a//").text, b"a/");
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
    fn absolute_form_is_its_path() {
        for target in ["http://svc.internal/api/1?x", "HTTPS://u@[::1]:80/api/1?x", "http://h/api/1/?x"] {
            assert_eq!(path(target.as_bytes()).text, b"api/1", "{target}");
        }
        assert_eq!(path(b"http://host").text, b"");
        assert_eq!(path(b"http://host?x").query, Some(&b"x"[..]));
        for target in [
            "api",
            "host:443",
            "http:/a",
            "http:///a",
            "://h/a",
            "1://h/a",
            "httpx://h/a",
            "http://h%2fa/b",
            "http://h\\a/b",
            "\\a",
            "http://é/a",
            "http://h?x/a",
            "*",
            "a://*",
        ] {
            assert_eq!(refusal(target.as_bytes()), Some(Ambiguity::NotOriginForm), "{target}");
        }
        assert_eq!(Target::parse(b"OPTIONS", b"*"), Ok(Target::Asterisk));
    }

    #[test]
    fn every_byte_of_a_target_is_judged_by_http() {
        for byte in 0..=255_u8 {
            let refused = match byte {
                b'#' => Some(Ambiguity::Fragment),
                0..=0x20 | 0x7f => Some(Ambiguity::ControlOrBlank),
                _ => None,
            };
            assert_eq!(refusal(&[b'/', byte]), refused, "{byte:#x}");
            assert_eq!(refusal(&[b'/', b'?', byte]), refused, "{byte:#x}");
            let plain = byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte);
            assert_eq!(is_literal_byte(byte), plain, "{byte:#x}");
            if refused.is_none() && byte != b'?' {
                let several = !plain && !b"/%".contains(&byte);
                assert_eq!(path(&[b'/', byte]).marks.has(Marks::SEVERAL_READINGS), several, "{byte:#x}");
                assert_eq!(path(&[b'/', byte]).marks.has(Marks::DOT), byte == b'.', "{byte:#x}");
            }
        }
    }
}
