//! A path as segments, decoded once: the one reading that all servers share.

use crate::limits::MAX_SEGMENTS;
use crate::literals::Literals;
use crate::target::{MAX_TARGET_BYTES, Marks, Path, is_plain};
use crate::triplet::hex;

/// Maximum length of a path that is decoded into a small buffer: clearing one of [`MAX_TARGET_BYTES`] would
/// cost more than the rest of a judgement.
const SHORT_PATH: usize = 256;

/// The decoded segments of a path, none of them empty. The root path has none.
#[derive(Debug)]
pub(crate) struct Segments<'a> {
    text: &'a [u8],
    /// Where each segment ends in `text`. One byte, a slash, separates two segments.
    ends: [u16; MAX_SEGMENTS],
    count: usize,
}

/// The result of splitting a path.
pub(crate) enum Split<T> {
    /// One reading, and what `then` returned for it.
    Plain(T),
    /// More segments than a row can have.
    TooMany,
    /// Servers may read it in several ways.
    Several,
}

impl Segments<'_> {
    /// Splits a path if it has one reading, and passes its segments to `then`. A name with dots has one reading
    /// if no server can cut it to one of the literals.
    ///
    /// A callback, because the decoded text is on the stack: nothing is allocated.
    pub(crate) fn of_plain<T>(
        path: &Path<'_>,
        literals: &Literals,
        then: impl FnOnce(&Segments<'_>) -> T,
    ) -> Split<T> {
        if path.marks.has(Marks::SEVERAL_READINGS) {
            return Split::Several;
        }
        let has_bracket = path.marks.has(Marks::OPEN_BRACKET);
        let has_percent = path.marks.has(Marks::PERCENT);
        if path.marks.has(Marks::DOT) {
            // A byte that may become a dot, or start a session after one, is left to the readings.
            if has_bracket || has_percent || !has_no_cut(path.text, literals) {
                return Split::Several;
            }
            return match Segments::split(path.text, false, then) {
                // A path with this many segments is plain only if it has no dot.
                Split::TooMany => Split::Several,
                split @ (Split::Plain(_) | Split::Several) => split,
            };
        }
        if !has_percent {
            return Segments::split(path.text, has_bracket, then);
        }
        Self::decoded(path.text, true, |text| match text {
            Some(text) => Segments::split(text, true, then),
            None => Split::Several,
        })
    }

    /// Splits a path that is known to have the same segments in every reading.
    pub(crate) fn of_certain<T>(path: &Path<'_>, then: impl FnOnce(&Segments<'_>) -> T) -> Split<T> {
        if path.marks.has(Marks::PERCENT) {
            Self::decoded(path.text, false, |text| Segments::split(text.unwrap_or_default(), false, then))
        } else {
            Segments::split(path.text, false, then)
        }
    }

    /// Decodes once. None if `all_plain` is set and a decoded byte is not plain.
    fn decoded<T>(path: &[u8], all_plain: bool, then: impl FnOnce(Option<&[u8]>) -> T) -> T {
        if path.len() <= SHORT_PATH {
            Self::decoded_in::<SHORT_PATH, T>(path, all_plain, then)
        } else {
            Self::decoded_in::<MAX_TARGET_BYTES, T>(path, all_plain, then)
        }
    }

    // Not inlined, so that its buffer is not part of the frame of a decision that decodes nothing.
    #[inline(never)]
    fn decoded_in<const N: usize, T>(
        path: &[u8],
        all_plain: bool,
        then: impl FnOnce(Option<&[u8]>) -> T,
    ) -> T {
        let mut buffer = [0; N];
        let length = decode(path, all_plain, &mut buffer);
        then(length.and_then(|length| buffer.get(..length)))
    }
}

impl<'a> Segments<'a> {
    fn split<T>(text: &'a [u8], has_bracket: bool, then: impl FnOnce(&Segments<'_>) -> T) -> Split<T> {
        let mut segments = Self { text, ends: [0; MAX_SEGMENTS], count: 0 };
        if text.is_empty() {
            return Split::Plain(then(&segments));
        }
        let mut end = 0;
        for segment in text.split(|byte| *byte == b'/') {
            if segment.is_empty() || has_bracket && is_cookieless_session(segment) {
                return Split::Several;
            }
            end += segment.len();
            if let (Some(place), Ok(end)) = (segments.ends.get_mut(segments.count), u16::try_from(end)) {
                *place = end;
            }
            segments.count += 1;
            end += 1;
        }
        if segments.count > MAX_SEGMENTS { Split::TooMany } else { Split::Plain(then(&segments)) }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The segment at an index from 0, or none past the last.
    pub(crate) fn get(&self, at: usize) -> Option<&'a [u8]> {
        if at >= self.count {
            return None;
        }
        let start = match at.checked_sub(1) {
            None => 0,
            Some(before) => usize::from(*self.ends.get(before)?) + 1,
        };
        self.text.get(start..usize::from(*self.ends.get(at)?))
    }
}

/// True if no server cuts a segment of the path to a literal other than the segment itself.
#[inline(never)]
fn has_no_cut(path: &[u8], literals: &Literals) -> bool {
    path.split(|byte| *byte == b'/').all(|segment| literals.has_no_cut(segment))
}

/// Decodes triplets once into the front of `into`, which must be as long as `path`. Returns the number of
/// bytes; none, if `all_plain` is set, at the first triplet that is broken or gives a byte that not all
/// servers read as itself.
fn decode(path: &[u8], all_plain: bool, into: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    let mut rest = path;
    let mut places = into.iter_mut();
    while let (Some((&byte, after)), Some(place)) = (rest.split_first(), places.next()) {
        rest = after;
        *place = byte;
        length += 1;
        if byte == b'%' {
            let pair = after.first_chunk::<2>().and_then(|[high, low]| hex(*high).zip(hex(*low)));
            let decoded = pair.map(|(high, low)| high << 4 | low);
            if all_plain && !decoded.is_some_and(|decoded| is_plain(decoded) && decoded != b'/') {
                return None;
            }
            if let Some(decoded) = decoded {
                *place = decoded;
                rest = after.get(2..).unwrap_or_default();
            }
        }
    }
    Some(length)
}

/// System.Web removes `(S(...))`, with any letter, from the front of a segment (CVE-2023-36899).
pub(crate) fn is_cookieless_session(segment: &[u8]) -> bool {
    matches!(segment, [b'(', letter, b'(', ..] if letter.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::{MAX_SEGMENTS, Segments, Split};
    use crate::literals::Literals;
    use crate::target::Target;

    fn literals() -> Literals {
        Literals::new(["a", "b.c", ".d"].into_iter())
    }

    fn segments(target: &str) -> Option<Vec<String>> {
        let Ok(Target::Path(path)) = Target::parse(b"GET", target.as_bytes()) else { panic!("{target}") };
        let all = |segments: &Segments<'_>| {
            (0..=segments.count())
                .filter_map(|at| segments.get(at))
                .map(|segment| String::from_utf8(segment.to_vec()).unwrap())
                .collect()
        };
        match Segments::of_plain(&path, &literals(), all) {
            Split::Plain(all) => Some(all),
            Split::TooMany | Split::Several => None,
        }
    }

    #[test]
    fn plain_paths_are_split_and_decoded_once() {
        assert_eq!(segments("/"), Some(vec![]));
        assert_eq!(segments("/a"), Some(vec!["a".into()]));
        assert_eq!(segments("/a/"), segments("/a"));
        assert_eq!(segments("/ab/%63/d?e/f"), Some(vec!["ab".into(), "c".into(), "d".into()]));
        assert_eq!(segments("/x.pdf/v1.2"), Some(vec!["x.pdf".into(), "v1.2".into()]));
        let long = "%61".repeat(2_000);
        assert_eq!(segments(&format!("/{long}/b")), Some(vec!["a".repeat(2_000), "b".into()]));
    }

    #[test]
    fn whatever_has_several_readings_is_left_alone() {
        for target in [
            "//",
            "/a//",
            "/a//b",
            "/.",
            "/a.b",
            "/%2e",
            "/a%2fb",
            "/a%20",
            "/a%25",
            "/%",
            "/%4",
            "/%zz",
            "/%c3%a9",
            "/é",
            "/a;b",
            "/a\\b",
            "/(S(x))/a",
            "/a/%28f%28x)",
            "/a|b",
            "/%00",
        ] {
            assert_eq!(segments(target), None, "{target}");
        }
        assert!(segments("/a(S(x))/(S)/((x))/(1(x))").is_some());
    }

    #[test]
    fn a_row_has_at_most_64_segments() {
        let most = "/a".repeat(MAX_SEGMENTS);
        assert_eq!(segments(&most).map(|all| all.len()), Some(MAX_SEGMENTS));
        let Ok(Target::Path(path)) = Target::parse(b"GET", b"/a") else { panic!() };
        assert!(matches!(Segments::of_plain(&path, &literals(), |_| ()), Split::Plain(())));
        let more = format!("{most}/a");
        let Ok(Target::Path(path)) = Target::parse(b"GET", more.as_bytes()) else { panic!() };
        assert!(matches!(Segments::of_plain(&path, &literals(), |_| ()), Split::TooMany));
    }
}
