//! What a row does.

use std::fmt;

/// The effect of a row, or of a table's default, on operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// An API key may perform the operation.
    Allow,
    /// No API key may perform the operation.
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
