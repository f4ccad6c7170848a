//! One row of a policy table.

use crate::effect::Effect;
use crate::template::Template;
use std::fmt;

/// One row: the operations that it covers and its effect on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub(crate) name: Option<Box<str>>,
    /// None for `*`.
    pub(crate) method: Option<Box<str>>,
    pub(crate) template: Template,
    pub(crate) effect: Effect,
    pub(crate) line: usize,
}

impl Row {
    /// What the operation does, in the words of the file; none if the row has no name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The method in upper case, or none for every method (`*` in the file).
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.method.as_deref()
    }

    /// The path template as written, such as `/api/apikey/{id}`.
    #[must_use]
    pub fn template(&self) -> &str {
        self.template.as_str()
    }

    /// The effect of the row.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The line of the file on which the row starts, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }
}

/// `GET /api/apikey (show the key's record)`, or without the parentheses if the row has no name.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method().unwrap_or("*"), self.template())?;
        self.name().map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}
