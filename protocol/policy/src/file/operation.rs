//! The rows of a policy file.

use super::syntax::{Piece, effect};
use crate::diagnostic::{Diagnostics, Position};
use crate::effect::Effect;
use crate::invisible::is_invisible;
use crate::limits::{MAX_NAME_CHARS, MAX_ROWS};
use crate::method::{self, MAX_NAMED_METHODS, Methods};
use crate::quoted::quoted;
use crate::row::Row;
use crate::template::{Part, Template};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads rows one after another.
#[derive(Debug)]
pub(super) struct Operations<'a> {
    case_sensitive: bool,
    rows: Vec<Row>,
    methods: Methods,
    /// What the rows cover, with the line of each.
    covered: HashMap<String, usize>,
    count: usize,
    position: Position<'a>,
}

impl<'a> Operations<'a> {
    pub(super) fn new(text: &'a str, case_sensitive: bool) -> Self {
        Self {
            case_sensitive,
            rows: Vec::new(),
            methods: Methods::default(),
            covered: HashMap::new(),
            count: 0,
            position: Position::start(text),
        }
    }

    /// The rows without faults, in the order of the file, and the methods that they name.
    pub(super) fn finish(self) -> (Vec<Row>, Methods) {
        (self.rows, self.methods)
    }

    /// Reads the value of the key `operation`.
    pub(super) fn read(
        &mut self,
        piece: &Piece<'_>,
        value: &Spanned<DeValue<'_>>,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(rows) = value.get_ref().as_array() else {
            diagnostics.add(piece.offset(value), "rows are a list; write [[operation]] with two brackets");
            return;
        };
        for row in rows.iter() {
            let start = piece.offset(row);
            self.count += 1;
            if self.count > MAX_ROWS {
                // Once, not for each further row.
                if self.count == MAX_ROWS + 1 {
                    diagnostics
                        .add(start, format_args!("the table has more than {MAX_ROWS} rows; remove some"));
                }
            } else if let Some(table) = row.get_ref().as_table() {
                self.read_row(&Source { piece, table, start }, diagnostics);
            } else {
                diagnostics.add(start, "a row must be a table with method and path");
            }
        }
    }

    fn read_row(&mut self, source: &Source<'_, '_>, diagnostics: &mut Diagnostics) {
        source.unknown_keys(diagnostics);
        let (line, _) = self.position.advance(source.start);
        let name = source.name(diagnostics);
        let method = self.method(source, diagnostics);
        let template = source.template(diagnostics);
        let effect = match source.table.get("effect") {
            Some(value) => effect(source.piece, value, "effect", diagnostics),
            None => Some(Effect::Deny),
        };
        let (Some(method), Some(template)) = (method, template) else { return };
        if let Err(first) = self.cover(method.as_deref(), &template, line) {
            let method = method.as_deref().unwrap_or("*");
            let path = template.as_str();
            diagnostics.add(
                source.start,
                format_args!(
                    "{method} {path} is the same operation as the row on line {first}; remove one of them"
                ),
            );
        } else if let (Some(name), Some(effect)) = (name, effect) {
            self.rows.push(Row { name, method, template, effect, line });
        }
    }

    /// The method; the inner option is none for `*`.
    fn method(&mut self, source: &Source<'_, '_>, diagnostics: &mut Diagnostics) -> Option<Option<Box<str>>> {
        let (text, offset) =
            source.text("method", "\"GET\", or another one, or \"*\" for all", diagnostics)?;
        if text == "*" {
            return Some(None);
        }
        if let Some(message) = method::fault(text) {
            diagnostics.add(offset, message);
            return None;
        }
        if !self.methods.add(text) {
            diagnostics.add(
                offset,
                format_args!(
                    "the table names more than {MAX_NAMED_METHODS} unusual methods; write \"*\" in some rows"
                ),
            );
            return None;
        }
        Some(Some(text.into()))
    }

    /// Records what a row covers. The error is the line of an earlier row that covers the same.
    fn cover(&mut self, method: Option<&str>, template: &Template, line: usize) -> Result<(), usize> {
        let mut key = method.unwrap_or("*").to_owned();
        for part in template.parts() {
            key.push('/');
            match part {
                Part::Parameter => key.push_str("{}"),
                Part::Literal(text) if self.case_sensitive => key.push_str(text),
                Part::Literal(text) => key.push_str(&text.to_ascii_lowercase()),
            }
        }
        match self.covered.entry(key) {
            Entry::Occupied(first) => Err(*first.get()),
            Entry::Vacant(place) => {
                place.insert(line);
                Ok(())
            }
        }
    }
}

/// One row as written in the file.
struct Source<'s, 't> {
    piece: &'s Piece<'t>,
    table: &'s DeTable<'t>,
    start: usize,
}

impl<'s> Source<'s, '_> {
    fn unknown_keys(&self, diagnostics: &mut Diagnostics) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            let advice = match name {
                "name" | "method" | "path" | "effect" => continue,
                "default" | "case_sensitive" => "move it above the first [[operation]]",
                _ => "a row has method, path, effect and name",
            };
            diagnostics
                .add(self.piece.offset(key), format_args!("unknown key {} in a row; {advice}", quoted(name)));
        }
    }

    /// The text of a required key, with the offset of its value.
    fn text(&self, key: &str, example: &str, diagnostics: &mut Diagnostics) -> Option<(&'s str, usize)> {
        let Some(value) = self.table.get(key) else {
            if !self.piece.is_damaged {
                diagnostics.add(self.start, format_args!("the row has no {key}; add {key} = {example}"));
            }
            return None;
        };
        let offset = self.piece.offset(value);
        let text = value.get_ref().as_str();
        if text.is_none() {
            diagnostics.add(offset, format_args!("{key} must be text in quotes, such as {example}"));
        }
        text.map(|text| (text, offset))
    }

    fn template(&self, diagnostics: &mut Diagnostics) -> Option<Template> {
        let (text, offset) = self.text("path", "\"/api/apikey/{id}\"", diagnostics)?;
        match Template::parse(text) {
            Ok(template) => Some(template),
            Err(found) => {
                // Just after the quote, unless escapes or triple quotes shift the offsets.
                let length = self.table.get("path").map_or(0, |value| value.span().len());
                let is_verbatim = length == text.len() + 2;
                for fault in found {
                    let within = if is_verbatim { fault.at + 1 } else { 0 };
                    diagnostics.add(offset + within, fault.message);
                }
                None
            }
        }
    }

    /// The name; the inner option is none if the row has no name.
    fn name(&self, diagnostics: &mut Diagnostics) -> Option<Option<Box<str>>> {
        if !self.table.contains_key("name") {
            return Some(None);
        }
        let (name, offset) = self.text("name", "\"delete a key\"", diagnostics)?;
        // Names go to terminals and logs.
        let message = if name.trim().is_empty() {
            "the name is empty; say what the operation does, or remove the key".to_owned()
        } else if name.chars().count() > MAX_NAME_CHARS {
            format!("the name is longer than {MAX_NAME_CHARS} characters; shorten it")
        } else if let Some(c) = name.chars().find(|&c| c.is_control() || is_invisible(c)) {
            format!("the name holds the invisible character {c:?}; remove it")
        } else if name.trim() != name {
            "the name starts or ends with a blank; remove it".to_owned()
        } else {
            return Some(Some(name.into()));
        };
        diagnostics.add(offset, message);
        None
    }
}
