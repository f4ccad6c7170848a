//! A decoded path as segments.

use crate::Ambiguity;
use crate::decode::decode;
use crate::target::{MAX_TARGET_BYTES, Marks, Target};

/// Most segments of a path that is judged. No API nests as deep; it bounds the work per target.
pub const MAX_SEGMENTS: usize = 64;

/// Paths up to this length decode into a small buffer: clearing one of [`MAX_TARGET_BYTES`] would cost more
/// than all the rest of a judgement.
const SHORT_PATH: usize = 256;

/// The decoded segments of a path, none of them empty. The root path has none.
#[derive(Debug)]
pub(crate) struct Segments<'a> {
    text: &'a [u8],
    /// Where each segment ends in `text`. One byte, a slash, lies between two.
    ends: [u16; MAX_SEGMENTS],
    count: usize,
    marks: Marks,
}

impl Segments<'_> {
    /// Decodes and splits the path of a target, and hands the segments to `then`.
    ///
    /// A callback, because the decoded text lives on the stack: nothing is allocated.
    pub(crate) fn of<T>(target: &Target<'_>, then: impl FnOnce(&Segments<'_>) -> T) -> Result<T, Ambiguity> {
        if !target.marks.has(Marks::PERCENT) {
            Segments::split(target.path, target.marks).map(|segments| then(&segments))
        } else if target.path.len() <= SHORT_PATH {
            Self::decoded::<SHORT_PATH, T>(target, then)
        } else {
            Self::decoded::<MAX_TARGET_BYTES, T>(target, then)
        }
    }

    // Not inlined, so that its buffer is not part of the frame of a judgement that decodes nothing.
    #[inline(never)]
    fn decoded<const N: usize, T>(
        target: &Target<'_>,
        then: impl FnOnce(&Segments<'_>) -> T,
    ) -> Result<T, Ambiguity> {
        let mut buffer = [0; N];
        let (text, marks) = decode(target.path, &mut buffer)?;
        Segments::split(text, target.marks.and(marks)).map(|segments| then(&segments))
    }
}

impl<'a> Segments<'a> {
    fn split(text: &'a [u8], marks: Marks) -> Result<Self, Ambiguity> {
        let mut segments = Self { text, ends: [0; MAX_SEGMENTS], count: 0, marks };
        if text.is_empty() {
            return Ok(segments);
        }
        let mut start = 0;
        for (at, byte) in text.iter().enumerate() {
            if *byte == b'/' {
                segments.push(start, at)?;
                start = at + 1;
            }
        }
        segments.push(start, text.len())?;
        if marks.has(Marks::TRIMMED.and(Marks::OPEN_BRACKET).and(Marks::NON_ASCII)) {
            (0..segments.count).filter_map(|at| segments.get(at)).try_for_each(judge_segment)?;
        }
        Ok(segments)
    }

    fn push(&mut self, start: usize, end: usize) -> Result<(), Ambiguity> {
        if start == end {
            return Err(Ambiguity::EmptySegment);
        }
        let place = self.ends.get_mut(self.count).ok_or(Ambiguity::TooManySegments)?;
        // A target has at most 8,192 bytes, so this cannot fail.
        *place = u16::try_from(end).map_err(|_| Ambiguity::LongTarget)?;
        self.count += 1;
        Ok(())
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The segment at a place from 0, or none past the last.
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

    /// True when no segment holds a dot, a blank or a non-ASCII character: then none can be near a literal,
    /// case apart.
    pub(crate) fn are_plain(&self) -> bool {
        !self.marks.has(Marks::TRIMMED.and(Marks::NON_ASCII))
    }
}

/// What makes a whole segment ambiguous, once it is decoded.
pub(crate) fn judge_segment(segment: &[u8]) -> Result<(), Ambiguity> {
    if segment.iter().all(|byte| matches!(byte, b'.' | b' ')) {
        return Err(Ambiguity::DotSegment);
    }
    if is_cookieless_session(segment) { Err(Ambiguity::CookielessSession) } else { Ok(()) }
}

/// System.Web removes `(S(...))`, with any letter, from the front of a segment (CVE-2023-36899). The best-fit
/// characters of a code page may stand for all three of `(S(`.
fn is_cookieless_session(segment: &[u8]) -> bool {
    if !matches!(segment, [b'(' | 0x80.., ..]) {
        return false;
    }
    let mut characters = str::from_utf8(segment).unwrap_or_default().chars();
    let is_open = |c: char| matches!(c, '(' | '\u{207d}' | '\u{208d}' | '\u{fe35}' | '\u{fe59}' | '\u{ff08}');
    characters.next().is_some_and(is_open)
        && characters.next().is_some_and(|c| c.is_ascii_alphabetic() || !c.is_ascii())
        && characters.next().is_some_and(is_open)
}

#[cfg(test)]
mod tests {
    use super::{MAX_SEGMENTS, Segments};
    use crate::Ambiguity;
    use crate::target::Target;

    fn segments(target: &str) -> Result<Vec<String>, Ambiguity> {
        let target = Target::parse(target.as_bytes())?;
        Segments::of(&target, |segments| {
            (0..=segments.count())
                .filter_map(|at| segments.get(at))
                .map(|segment| String::from_utf8(segment.to_vec()).unwrap())
                .collect()
        })
    }

    #[test]
    fn one_trailing_slash_is_dropped() {
        assert_eq!(segments("/"), Ok(vec![]));
        assert_eq!(segments("/a"), Ok(vec!["a".into()]));
        assert_eq!(segments("/a/"), segments("/a"));
        assert_eq!(segments("/ab/%63/d?e/f"), Ok(vec!["ab".into(), "c".into(), "d".into()]));
        assert_eq!(segments("/a//"), Err(Ambiguity::EmptySegment));
        assert_eq!(segments("/a//b"), Err(Ambiguity::EmptySegment));
    }

    #[test]
    fn at_most_64_segments() {
        let most = "/a".repeat(MAX_SEGMENTS);
        assert_eq!(segments(&most).map(|all| all.len()), Ok(MAX_SEGMENTS));
        assert_eq!(segments(&format!("{most}/")).map(|all| all.len()), Ok(MAX_SEGMENTS));
        assert_eq!(segments(&format!("{most}/a")), Err(Ambiguity::TooManySegments));
    }

    #[test]
    fn segments_of_dots_and_blanks_are_refused_encoded_or_not() {
        for target in ["/.", "/..", "/a/...", "/%2e/a", "/a/.%2E", "/%20", "/a/%20./b", "/./"] {
            assert_eq!(segments(target), Err(Ambiguity::DotSegment), "{target}");
        }
        assert!(segments("/.a/a./a.b/%20a").is_ok());
    }

    #[test]
    fn cookieless_sessions_are_refused() {
        for target in [
            "/(S(x))/a",
            "/a/(f(x)y(z))",
            "/ab/(S(x))cd",
            "/%28S%28x))",
            "/(%EF%BC%B3(x))",
            "/%EF%BC%88S%EF%BC%88x))",
        ] {
            assert_eq!(segments(target), Err(Ambiguity::CookielessSession), "{target}");
        }
        assert!(segments("/a(S(x))/(S)/((x))/(1(x))/%C3%A9(/%EF%BC%88").is_ok());
    }

    #[test]
    fn long_paths_decode_too() {
        let long = "%61".repeat(2_000);
        assert_eq!(segments(&format!("/{long}/b")), Ok(vec!["a".repeat(2_000), "b".into()]));
    }
}
