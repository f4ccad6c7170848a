//! TOML syntax: reading on after a fault.

use crate::fault::Faults;
use toml::Spanned;
use toml::de::DeTable;

/// A part of the file that was parsed by itself: all of it, or, where the syntax is broken somewhere, what lies
/// between two table headers.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) table: DeTable<'a>,
    /// True when what is missing from the table may have been lost to a syntax fault.
    pub(super) is_damaged: bool,
    /// Where the piece starts in the file.
    start: usize,
}

impl Piece<'_> {
    /// Where something of this piece starts in the file.
    pub(super) fn offset<T>(&self, spanned: &Spanned<T>) -> usize {
        self.start + spanned.span().start
    }
}

/// Parses the file, noting every syntax fault.
///
/// The parser recovers from most faults but gives up on the rest of the file at some. So then each table is
/// parsed by itself, and a fault in one row does not hide those in the next.
pub(super) fn read<'a>(text: &'a str, faults: &mut Faults) -> Vec<Piece<'a>> {
    let (whole, of_whole) = parse(text, 0);
    if of_whole.is_empty() {
        return vec![whole];
    }
    let (pieces, errors): (Vec<_>, Vec<_>) =
        parts(text).into_iter().map(|(start, part)| parse(part, start)).unzip();
    let of_pieces: Vec<_> = errors.into_iter().flatten().collect();
    // Some faults, such as a table given twice, only show in the whole.
    for (offset, message) in if of_pieces.is_empty() { of_whole } else { of_pieces } {
        faults.add(offset, format_args!("not valid TOML: {message}"));
    }
    pieces
}

fn parse(text: &str, start: usize) -> (Piece<'_>, Vec<(usize, String)>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let is_damaged = !errors.is_empty();
    let errors = errors
        .iter()
        .map(|error| (start + error.span().map_or(0, |span| span.start), error.message().replace('\n', ", ")))
        .collect();
    (Piece { table: table.into_inner(), is_damaged, start }, errors)
}

/// Cuts before each line that starts with a bracket, as the header of a table does.
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

#[cfg(test)]
mod tests {
    use super::{parts, read};
    use crate::fault::Faults;

    #[test]
    fn parts_join_to_the_whole() {
        let text = "a = 1\n[[x]]\nb = [\n1]\n  [y]\n[z]";
        let parts = parts(text);
        assert_eq!(parts.iter().map(|(_, part)| *part).collect::<String>(), text);
        assert_eq!(parts.iter().map(|(start, _)| *start).collect::<Vec<_>>(), [0, 6, 27]);
    }

    #[test]
    fn a_file_that_parses_is_one_piece() {
        let mut faults = Faults::default();
        assert_eq!(read("a = '''\n[[x]]\n'''\n[[x]]\n", &mut faults).len(), 1);
        assert!(faults.is_empty());
    }
}
