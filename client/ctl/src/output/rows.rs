//! Rows of cells: a table on a terminal, lines with tabs elsewhere.

use super::writer::Output;
use crate::failure::Failure;
use crate::text::visible;
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

/// Writes batches of rows under the same headings.
#[derive(Debug)]
pub(crate) struct Rows<const COLUMNS: usize> {
    headings: [&'static str; COLUMNS],
    begun: bool,
}

impl<const COLUMNS: usize> Rows<COLUMNS> {
    /// Rows under these headings.
    pub(crate) const fn under(headings: [&'static str; COLUMNS]) -> Self {
        Self { headings, begun: false }
    }

    /// Writes a batch and sends it. On a terminal each batch is a table with headings of its own, so that
    /// the first is seen before the last has come.
    ///
    /// # Errors
    /// [`Failure`] when standard output cannot be written.
    pub(crate) fn batch(&mut self, output: &mut Output, rows: Vec<[String; COLUMNS]>) -> Result<(), Failure> {
        match output.width() {
            Some(_) if rows.is_empty() => Ok(()),
            Some(width) => {
                let mut table = Table::new();
                table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
                table.set_width(width).set_header(self.headings);
                table.add_rows(rows.into_iter().map(|row| row.map(|cell| visible(&cell).into_owned())));
                output.line(table.trim_fmt())
            }
            None => {
                if !self.begun {
                    self.begun = true;
                    output.line(self.headings.join("\t"))?;
                }
                rows.into_iter()
                    .try_for_each(|row| output.line(row.map(|cell| visible(&cell).into_owned()).join("\t")))
            }
        }?;
        output.finish()
    }
}
