//! TOML syntax: continuing after a fault.

use super::shape;
use crate::diagnostic::Diagnostics;
use crate::effect::Effect;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A part of the file that was parsed separately: all of it or, if the syntax is broken somewhere, the text
/// between two table headers.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) table: DeTable<'a>,
    /// True if a key may be missing from the table because of a syntax fault.
    pub(super) is_damaged: bool,
    /// Where the piece starts in the file.
    start: usize,
}

impl Piece<'_> {
    /// The position in the file of something in this piece.
    pub(super) fn offset<T>(&self, spanned: &Spanned<T>) -> usize {
        self.start + spanned.span().start
    }
}

/// Maximum length of a part of a file that is parsed after a fault, in bytes: thirty times the longest
/// template. In a longer one every second byte could be another fault.
const MAX_PART_BYTES: usize = 64 * 1024;

/// Parses the file. Without syntax faults it is one piece.
///
/// The parser recovers from most faults, but at some it gives up on the rest of the file. Each table is then
/// parsed separately, so that a fault in one row does not hide those in the next. There is no piece if the file
/// opens more than a table does, or has a fault and such a long part; then only the first fault is reported.
pub(super) fn read<'a>(text: &'a str, diagnostics: &mut Diagnostics) -> Vec<Piece<'a>> {
    if let Some((offset, message)) = shape::excess(text) {
        diagnostics.add(offset, message);
        return Vec::new();
    }
    let first = match DeTable::parse(text) {
        Ok(table) => return vec![Piece { table: table.into_inner(), is_damaged: false, start: 0 }],
        Err(error) => error,
    };
    let parts = parts(text);
    if parts.iter().any(|(_, part)| part.len() > MAX_PART_BYTES) {
        note(&first, 0, diagnostics);
        return Vec::new();
    }
    let pieces = pieces(&parts, diagnostics);
    if pieces.iter().all(|piece| !piece.is_damaged) {
        // Some faults, such as a table given twice, only appear in the whole file.
        parse(text, 0, diagnostics);
    }
    pieces
}

fn pieces<'a>(parts: &[(usize, &'a str)], diagnostics: &mut Diagnostics) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(parts.len());
    for &(start, part) in parts {
        pieces.push(parse(part, start, diagnostics));
        if diagnostics.is_full() {
            break;
        }
    }
    pieces
}

fn parse<'a>(text: &'a str, start: usize, diagnostics: &mut Diagnostics) -> Piece<'a> {
    let (table, errors) = DeTable::parse_recoverable(text);
    errors.iter().for_each(|error| note(error, start, diagnostics));
    Piece { table: table.into_inner(), is_damaged: !errors.is_empty(), start }
}

/// Records a fault in a text that starts at `start` in the file.
fn note(error: &toml::de::Error, start: usize, diagnostics: &mut Diagnostics) {
    let offset = start + error.span().map_or(0, |span| span.start);
    diagnostics.add(offset, format_args!("not valid TOML: {}", error.message().replace('\n', ", ")));
}

/// Splits before each line that starts with a bracket, as the header of a table does.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut cuts = vec![0];
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if offset > 0 && line.starts_with('[') {
            cuts.push(offset);
        }
        offset += line.len();
    }
    cuts.push(text.len());
    cuts.windows(2).filter_map(|cut| Some((*cut.first()?, text.get(*cut.first()?..*cut.last()?)?))).collect()
}

/// Reads `"allow"` or `"deny"`.
pub(super) fn effect(
    piece: &Piece<'_>,
    value: &Spanned<DeValue<'_>>,
    key: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Effect> {
    match value.get_ref().as_str() {
        Some("allow") => Some(Effect::Allow),
        Some("deny") => Some(Effect::Deny),
        _ => {
            diagnostics.add(piece.offset(value), format_args!("{key} must be \"allow\" or \"deny\""));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{parts, read};
    use crate::diagnostic::Diagnostics;

    #[test]
    fn parts_join_to_the_whole() {
        let text = "a = 1\n[[x]]\nb = [\n1]\n  [y]\n[z]";
        let parts = parts(text);
        assert_eq!(parts.iter().map(|(_, part)| *part).collect::<String>(), text);
        assert_eq!(parts.iter().map(|(start, _)| *start).collect::<Vec<_>>(), [0, 6, 27]);
    }

    #[test]
    fn a_file_that_parses_is_one_piece() {
        let mut diagnostics = Diagnostics::default();
        assert_eq!(read("a = '''\n[[x]]\n'''\n[[x]]\n", &mut diagnostics).len(), 1);
        assert!(diagnostics.is_empty());
    }
}
