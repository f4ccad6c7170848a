//! What a file may make its TOML parser hold.
//!
//! The parser builds a map for each table, of some two kilobytes when it has one key, and a table takes one dot of
//! a key: four million of those would take gigabytes from a daemon that is only asked to read its policy again.
//! So tokens are counted, by the parser's own lexer and without keeping any, before it builds something.

use super::syntax::Syntax;
use crate::MAX_ROWS;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// Most tables and lists that a file opens: two brackets for each row's header, and some for wrong ones, so that
/// these are told by name.
const MAX_OPENED: usize = 2 * MAX_ROWS + 100;

/// Most tokens. A row has thirty, with spaces and line ends, and its comments two for each line.
const MAX_TOKENS: usize = 100 * MAX_ROWS;

/// The first token that is one too many.
pub(super) fn excess(text: &str) -> Option<Syntax> {
    let mut opened = 0;
    for (number, token) in Source::new(text).lex().enumerate() {
        opened += usize::from(opens(token.kind()));
        let message = if opened > MAX_OPENED {
            format!("more than {MAX_OPENED} brackets, braces and dots outside of quotes")
        } else if number >= MAX_TOKENS {
            format!("more than {MAX_TOKENS} names, values and signs")
        } else {
            continue;
        };
        let message =
            format!("{message}; a file has default, case_sensitive and {MAX_ROWS} [[operation]] rows");
        return Some(Syntax { offset: token.span().start(), message });
    }
    None
}

/// True for what makes the parser build a table or a list. Each dot of a key is a table.
fn opens(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Dot | TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket)
}

#[cfg(test)]
mod tests {
    use super::{MAX_OPENED, MAX_TOKENS, excess};

    fn place(text: &str) -> Option<usize> {
        excess(text).map(|excess| excess.offset)
    }

    #[test]
    fn what_stands_in_quotes_and_comments_opens_nothing() {
        let text = format!("a = \"{0}\"\nb = '{0}'\n# {0}\n", ".[{".repeat(MAX_OPENED));
        assert_eq!(place(&text), None);
    }

    #[test]
    fn the_first_one_too_many_is_told() {
        for opening in ["a.", "[[", "{ "] {
            let count = opening.matches(['.', '[', '{']).count();
            let text = opening.repeat(MAX_OPENED / count);
            assert_eq!(place(&text), None);
            let after = text.len() + usize::from(opening == "a.");
            assert_eq!(place(&(text + opening)), Some(after));
        }
        let text = "=\n".repeat(MAX_TOKENS / 2);
        // The end of the file is a token, too.
        assert_eq!(place(&text), Some(text.len()));
        assert_eq!(place(&text[1..]), None);
    }
}
