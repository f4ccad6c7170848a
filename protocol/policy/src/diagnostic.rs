//! Diagnostics in a policy file, with their positions.

use std::fmt;

/// One fault in a policy file: where it is, what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Diagnostic {
    /// Line, from 1. Lines end with LF.
    pub line: usize,
    /// Column, from 1, in characters (Unicode scalar values), as editors count.
    pub column: usize,
    /// What is wrong, and what to do about it. One line, no control characters.
    pub message: String,
}

/// Maximum number of faults reported for a file. Nobody fixes more before checking again, and a file that is
/// something else entirely has millions.
pub const MAX_DIAGNOSTICS: usize = 100;

/// Diagnostics while a file is being read. Byte offsets are converted to lines and columns only at the end, in one
/// pass, so that a hostile file with many faults on one long line does not take quadratic time.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    /// At most [`MAX_DIAGNOSTICS`].
    told: Vec<(usize, String)>,
    more: bool,
}

impl Diagnostics {
    pub(crate) fn add(&mut self, offset: usize, message: impl fmt::Display) {
        if self.is_full() {
            self.more = true;
        } else {
            self.told.push((offset, message.to_string()));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// True if no further fault will be reported.
    pub(crate) fn is_full(&self) -> bool {
        self.told.len() == MAX_DIAGNOSTICS
    }

    /// The faults in the order of the file, followed by a note if there are more.
    pub(crate) fn located_in(mut self, text: &str) -> Vec<Diagnostic> {
        self.told.sort_by_key(|&(offset, _)| offset);
        if self.more {
            self.told.push((
                text.len(),
                format!("more faults than these {MAX_DIAGNOSTICS}; fix them and check again"),
            ));
        }
        let mut position = Position::start(text);
        self.told
            .into_iter()
            .map(|(offset, message)| {
                let (line, column) = position.advance(offset);
                Diagnostic { line, column, message }
            })
            .collect()
    }
}

/// A position in a text that only moves forward, as line and column.
#[derive(Debug)]
pub struct Position<'a> {
    characters: std::iter::Peekable<std::str::CharIndices<'a>>,
    line: usize,
    column: usize,
}

impl<'a> Position<'a> {
    /// The start of a text.
    #[must_use]
    pub fn start(text: &'a str) -> Self {
        Self { characters: text.char_indices().peekable(), line: 1, column: 1 }
    }

    /// Line and column of a byte offset, both from 1, the column in characters. The offset must not be less
    /// than an earlier one.
    pub fn advance(&mut self, offset: usize) -> (usize, usize) {
        while let Some((_, c)) = self.characters.next_if(|&(at, _)| at < offset) {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, Diagnostics};

    #[test]
    fn columns_count_characters_and_faults_come_in_order() {
        let text = "é = 1\nab\n";
        let mut diagnostics = Diagnostics::default();
        diagnostics.add(8, "b");
        diagnostics.add(0, "é");
        diagnostics.add(3, "=");
        diagnostics.add(text.len(), "end");
        let places: Vec<_> =
            diagnostics.located_in(text).into_iter().map(|f| (f.line, f.column, f.message)).collect();
        let expected = [(1, 1, "é"), (1, 3, "="), (2, 2, "b"), (3, 1, "end")];
        assert_eq!(places, expected.map(|(line, column, message)| (line, column, message.to_string())));
    }

    #[test]
    fn a_fault_names_its_place_first() {
        let fault = Diagnostic { line: 3, column: 9, message: "write this".into() };
        assert_eq!(fault.to_string(), "line 3, column 9: write this");
    }
}
