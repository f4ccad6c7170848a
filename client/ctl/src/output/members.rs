//! One object with a list of unknown length, written member by member.

use super::Output;
use crate::failure::Failure;
use serde::Serialize;

/// `{"NAME":[`, members, `]}`. An answer that breaks off is not an object, so no reader takes a part for the
/// whole.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    output: &'a mut Output,
    separator: &'static str,
}

impl<'a> Members<'a> {
    /// Begins the object.
    ///
    /// # Errors
    /// [`Failure`] when standard output cannot be written; so for the other methods.
    pub(crate) fn begin(output: &'a mut Output, name: &str) -> Result<Self, Failure> {
        output.raw(format!("{{\"{name}\":[").as_bytes())?;
        Ok(Self { output, separator: "\n" })
    }

    /// Writes one member on its own line.
    pub(crate) fn add(&mut self, member: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(member).map_err(|error| Failure::internal(error.to_string()))?;
        self.output.raw(self.separator.as_bytes())?;
        self.separator = ",\n";
        self.output.raw(text.as_bytes())
    }

    /// Sends what is there, and tells whether somebody still reads.
    pub(crate) fn send(&mut self) -> Result<bool, Failure> {
        self.output.finish()?;
        Ok(!self.output.is_closed())
    }

    /// Ends the object.
    pub(crate) fn end(self) -> Result<(), Failure> {
        self.output.line(if self.separator == "\n" { "]}" } else { "\n]}" })
    }
}
