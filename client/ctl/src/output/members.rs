//! One object with a list of unknown length, written member by member.

use super::writer::Output;
use crate::failure::Failure;
use serde::Serialize;

/// `{"NAME":[`, members, `]}`. An answer that breaks off is not an object, so no reader takes a part for the
/// whole; one that fails before its first member writes nothing.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    output: &'a mut Output,
    name: &'static str,
    begun: bool,
}

impl<'a> Members<'a> {
    /// An object with the members under this name.
    pub(crate) const fn of(output: &'a mut Output, name: &'static str) -> Self {
        Self { output, name, begun: false }
    }

    /// Writes one member on its own line.
    ///
    /// # Errors
    /// [`Failure`] when standard output cannot be written; so for the other methods.
    pub(crate) fn add(&mut self, member: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(member).map_err(|error| Failure::internal(error.to_string()))?;
        if self.begun {
            self.output.raw(b",\n")?;
        } else {
            self.begin()?;
            self.output.raw(b"\n")?;
        }
        self.output.raw(text.as_bytes())
    }

    /// Flushes, and returns whether somebody still reads.
    pub(crate) fn send(&mut self) -> Result<bool, Failure> {
        self.output.finish()?;
        Ok(!self.output.is_closed())
    }

    /// Ends the object.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        if self.begun {
            return self.output.line("\n]}");
        }
        self.begin()?;
        self.output.line("]}")
    }

    fn begin(&mut self) -> Result<(), Failure> {
        self.begun = true;
        self.output.raw(format!("{{\"{}\":[", self.name).as_bytes())
    }
}
