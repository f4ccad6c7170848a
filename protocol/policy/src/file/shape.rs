//! What a file may make its TOML parser allocate.
//!
//! The parser builds a map for each table, about two kilobytes for one with a single key, and each dot in a key
//! is a table: two million of those would take gigabytes in a daemon that is only asked to reload its policy.
//! So the parser's own lexer counts tokens first, without keeping any, before anything is built.

use crate::MAX_ROWS;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// Maximum number of dots outside quotes. No key of a policy file has one; some are tolerated, so that a wrong
/// key is reported by name.
const MAX_DOTS: usize = 16;

/// Maximum number of tables and lists that a file opens: two brackets for each row's header, and some for wrong
/// ones.
const MAX_OPENED: usize = 2 * MAX_ROWS + 100;

/// Maximum number of tokens. A row has thirty, including spaces and line ends, and its comments two for each
/// line.
const MAX_TOKENS: usize = 100 * MAX_ROWS;

/// The position of the first token that is one too many, and the limit it exceeds.
pub(super) fn excess(text: &str) -> Option<(usize, String)> {
    let (mut dots, mut opened) = (0, 0);
    for (number, token) in Source::new(text).lex().enumerate() {
        let kind = token.kind();
        dots += usize::from(kind == TokenKind::Dot);
        opened += usize::from(matches!(kind, TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket));
        let too_many = if dots > MAX_DOTS {
            format!("{MAX_DOTS} dots outside of quotes")
        } else if opened > MAX_OPENED {
            format!("{MAX_OPENED} brackets and braces")
        } else if number >= MAX_TOKENS {
            format!("{MAX_TOKENS} names, values and signs")
        } else {
            continue;
        };
        let message = format!(
            "more than {too_many}; a file has default, case_sensitive and up to {MAX_ROWS} [[operation]] rows"
        );
        return Some((token.span().start(), message));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{MAX_DOTS, MAX_OPENED, MAX_TOKENS, excess};

    fn place(text: &str) -> Option<usize> {
        excess(text).map(|(offset, _)| offset)
    }

    #[test]
    fn what_stands_in_quotes_and_comments_opens_nothing() {
        let text = format!("a = \"{0}\"\nb = '{0}'\n# {0}\n", ".[{".repeat(MAX_OPENED));
        assert_eq!(place(&text), None);
    }

    #[test]
    fn the_first_one_too_many_is_told() {
        for (opening, count) in [("a.", MAX_DOTS), ("[ ", MAX_OPENED), ("{ ", MAX_OPENED)] {
            let text = opening.repeat(count);
            assert_eq!(place(&text), None);
            let sign = opening.find(['.', '[', '{']).unwrap();
            assert_eq!(place(&(text.clone() + opening)), Some(text.len() + sign));
        }
        let text = "=\n".repeat(MAX_TOKENS / 2);
        // The end of the file is a token, too.
        assert_eq!(place(&text), Some(text.len()));
        assert_eq!(place(&text[1..]), None);
    }
}
