//! One operation per line, so that a whole access log can be judged by a table.

use crate::triplet::hex;

/// Why a line does not name an operation. Columns count bytes, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Nothing separates method and target.
    #[error("the line has no tab; write METHOD, a tab, TARGET")]
    NoTab,
    /// There is a third column.
    #[error("column {column}: a second tab; write one inside a target as \\x09")]
    SecondTab {
        /// The position of the second tab.
        column: usize,
    },
    /// A backslash does not start an escape.
    #[error(
        "column {column}: a backslash must be followed by x and two hexadecimal digits, or by a second backslash"
    )]
    BadEscape {
        /// The position of the backslash.
        column: usize,
    },
}

/// Reads `METHOD<TAB>TARGET` into the bytes of both. `\xHH` is one raw byte, `\\` one backslash; every other
/// byte represents itself. A line ending (LF or CR LF) at the end is dropped.
///
/// A further column is an error and not ignored: otherwise only half of each target would be judged in a log
/// with raw tabs.
///
/// # Errors
///
/// [`LineFault`] says what is wrong with the line and where.
pub fn parse_case_line(line: &[u8]) -> Result<(Vec<u8>, Vec<u8>), LineFault> {
    let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
    let tab = line.iter().position(|&byte| byte == b'\t').ok_or(LineFault::NoTab)?;
    let (method, target) = (line.get(..tab).unwrap_or_default(), line.get(tab + 1..).unwrap_or_default());
    if let Some(at) = target.iter().position(|&byte| byte == b'\t') {
        return Err(LineFault::SecondTab { column: tab + at + 2 });
    }
    Ok((unescape(method, 1)?, unescape(target, tab + 2)?))
}

fn unescape(mut text: &[u8], mut column: usize) -> Result<Vec<u8>, LineFault> {
    let mut bytes = Vec::with_capacity(text.len());
    loop {
        let (byte, rest) = match text {
            [] => return Ok(bytes),
            [b'\\', b'\\', rest @ ..] => (b'\\', rest),
            [b'\\', b'x', high, low, rest @ ..] => {
                let value = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low);
                (value.ok_or(LineFault::BadEscape { column })?, rest)
            }
            [b'\\', ..] => return Err(LineFault::BadEscape { column }),
            [byte, rest @ ..] => (*byte, rest),
        };
        bytes.push(byte);
        column += text.len() - rest.len();
        text = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::{LineFault, parse_case_line};

    fn parsed(line: &str) -> Result<(Vec<u8>, Vec<u8>), LineFault> {
        parse_case_line(line.as_bytes())
    }

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(parsed("GET\t/a\\\\b\\x0a\\xC3\r\n"), Ok((b"GET".to_vec(), b"/a\\b\n\xc3".to_vec())));
        assert_eq!(parsed("\t"), Ok((vec![], vec![])));
        assert_eq!(parsed("GET \t\\x09\\x0d"), Ok((b"GET ".to_vec(), b"\t\r".to_vec())));
        assert_eq!(parse_case_line(b"GET\t/\xff\r"), Ok((b"GET".to_vec(), b"/\xff\r".to_vec())));
    }

    #[test]
    fn faults_point_at_their_byte() {
        assert_eq!(parsed("GET /a"), Err(LineFault::NoTab));
        assert_eq!(parsed("GET\t/a\tdeny"), Err(LineFault::SecondTab { column: 7 }));
        assert_eq!(parsed("GET\t/a\\n"), Err(LineFault::BadEscape { column: 7 }));
        assert_eq!(parsed("GET\t/\\\\\\x4"), Err(LineFault::BadEscape { column: 8 }));
        assert_eq!(parsed("G\\q\t/"), Err(LineFault::BadEscape { column: 2 }));
        assert_eq!(parsed("GET\t/\\xg0"), Err(LineFault::BadEscape { column: 6 }));
    }
}
