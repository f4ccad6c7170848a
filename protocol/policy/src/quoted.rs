//! Text of a table as shown in a message.

/// In quotes, escaped, and short enough for one line.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    match text.char_indices().nth(SHOWN_CHARS) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn text_of_the_file_is_escaped_and_cut() {
        assert_eq!(quoted("a\u{1b}[2J\n\u{202e}"), "\"a\\u{1b}[2J\\n\\u{202e}\"");
        assert_eq!(quoted(&"é".repeat(61)), format!("\"{}\"...", "é".repeat(60)));
    }
}
