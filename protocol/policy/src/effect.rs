//! What a row does.

use std::fmt;

/// What a row, or the default of a table, does to the operations that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The operation may be done with an API key.
    Allow,
    /// The operation may not be done with an API key.
    Deny,
}

impl Effect {
    /// `allow` or `deny`, as in a policy file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
