//! A policy file: TOML text to rows, or to its faults.

mod operation;
mod shape;
mod syntax;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::Diagnostics;
use crate::effect::Effect;
use crate::method::Methods;
use crate::quoted::quoted;
use crate::row::Row;
use operation::Operations;
use syntax::{Piece, effect};

/// Maximum size of a policy file, in bytes: [`MAX_ROWS`](crate::MAX_ROWS) rows of about 400 bytes each, four
/// times the size of rows in the shipped table. Checked before anything is parsed.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// What a policy file says.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    pub(crate) default: Effect,
    pub(crate) case_sensitive: bool,
    pub(crate) rows: Vec<Row>,
    pub(crate) methods: Methods,
}

impl PolicyFile {
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut diagnostics = Diagnostics::default();
        if text.len() > MAX_FILE_BYTES {
            diagnostics
                .add(0, format_args!("the file is larger than {MAX_FILE_BYTES} bytes; shorten the table"));
            return Err(diagnostics.located_in(text));
        }
        if text.starts_with('\u{feff}') {
            diagnostics.add(0, "the file starts with a byte-order mark; save it as UTF-8 without one");
        }
        let pieces = syntax::read(text, &mut diagnostics);
        if pieces.is_empty() {
            return Err(diagnostics.located_in(text));
        }
        let default = default_effect(&pieces, &mut diagnostics);
        let case_sensitive = case_sensitive(&pieces, &mut diagnostics);
        let mut operations = Operations::new(text, case_sensitive);
        for piece in &pieces {
            unknown_keys(piece, &mut diagnostics);
            if let Some(value) = piece.table.get("operation") {
                operations.read(piece, value, &mut diagnostics);
            }
        }
        let (rows, methods) = operations.finish();
        match default {
            Some(default) if diagnostics.is_empty() => Ok(Self { default, case_sensitive, rows, methods }),
            _ => Err(diagnostics.located_in(text)),
        }
    }
}

fn default_effect(pieces: &[Piece<'_>], diagnostics: &mut Diagnostics) -> Option<Effect> {
    let found = pieces.iter().find_map(|piece| Some((piece, piece.table.get("default")?)));
    let Some((piece, value)) = found else {
        // Required, so that an empty or truncated file never becomes a table that allows everything.
        diagnostics.add(
            0,
            "the file has no default for operations that match no row; \
             add default = \"allow\" or default = \"deny\" above the first row",
        );
        return None;
    };
    effect(piece, value, "default", diagnostics)
}

fn case_sensitive(pieces: &[Piece<'_>], diagnostics: &mut Diagnostics) -> bool {
    let found = pieces.iter().find_map(|piece| Some((piece, piece.table.get("case_sensitive")?)));
    let Some((piece, value)) = found else { return false };
    value.get_ref().as_bool().unwrap_or_else(|| {
        diagnostics.add(piece.offset(value), "case_sensitive must be true or false, without quotes");
        false
    })
}

fn unknown_keys(piece: &Piece<'_>, diagnostics: &mut Diagnostics) {
    for key in piece.table.keys() {
        let name: &str = key.get_ref();
        if !matches!(name, "default" | "case_sensitive" | "operation") {
            diagnostics.add(
                piece.offset(key),
                format_args!(
                    "unknown key {}; a file has default, case_sensitive and [[operation]] rows",
                    quoted(name)
                ),
            );
        }
    }
}
