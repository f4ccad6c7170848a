//! Escapes text from elsewhere, so that a terminal only shows it.

use apikeyd_client::AuditHead;
use apikeyd_protocol::text::forges_display;
use std::borrow::Cow;
use std::fmt::Write;

/// The text with every character escaped that acts on a terminal instead of being shown, that reorders what
/// stands around it, or that nobody sees. Text without such characters, which is all that the protocol lets through, comes
/// back as it is.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, forges_display)
}

/// As [`visible`], but line feeds stay.
pub(crate) fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character != '\n' && forges_display(character))
}

/// Bytes as `policy test --from` reads them: printable ASCII as it is, a backslash doubled, the rest `\xHH`.
pub(crate) fn visible_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out
}

/// A head of the audit chain as it is kept and given again: `REVISION:HEX`.
pub(crate) fn head_text(head: &AuditHead) -> String {
    format!("{}:{}", head.revision, hex(&head.mac))
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn escaped(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if acts(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_escaped() {
        assert_eq!(visible("a\u{1b}[2Jb\r\n\u{9b}c\u{202e}d"), "a\\u{1b}[2Jb\\u{d}\\u{a}\\u{9b}c\\u{202e}d");
        assert_eq!(visible_lines("a\n\u{7}"), "a\n\\u{7}");
        assert!(matches!(visible("DOMAIN\\日本 user"), Cow::Borrowed("DOMAIN\\日本 user")));
    }

    #[test]
    fn bytes_are_written_as_they_are_read() {
        assert_eq!(visible_bytes(b"/a b\\\t\xff"), "/a b\\\\\\x09\\xff");
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
    }
}
