//! The outcome of a decision, and its form for people.

use crate::ambiguity::Ambiguity;
use crate::effect::Effect;
use crate::row::Row;
use std::fmt;

/// Used in place of a denying row, if there is none.
pub const NOT_EVERY_READING: &str = "not every reading is allowed";

/// The answer for one operation. Anything but [`Allow`](Verdict::Allow) is a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The operation has one reading, and the table allows it.
    Allow,
    /// The table denies the operation.
    Deny,
    /// The operation is malformed, or one of its readings may be denied. Refuse it.
    Ambiguous,
}

/// A verdict with its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// The answer.
    pub verdict: Verdict,
    /// The first row, in the order of the file, that gave the verdict; for [`Verdict::Ambiguous`], a denying
    /// row that some reading matches. None if the default decided, if the operation was not matched at all, or
    /// if it is ambiguous because the default denies and rows do not allow every reading.
    pub row: Option<&'a Row>,
    /// The reason if the verdict is [`Verdict::Ambiguous`]; otherwise none.
    pub ambiguity: Option<Ambiguity>,
}

impl<'a> Judgement<'a> {
    pub(crate) const fn ambiguous(reason: Ambiguity, row: Option<&'a Row>) -> Self {
        Self { verdict: Verdict::Ambiguous, row, ambiguity: Some(reason) }
    }

    pub(crate) const fn decided(effect: Effect, row: Option<&'a Row>) -> Self {
        let verdict = match effect {
            Effect::Allow => Verdict::Allow,
            Effect::Deny => Verdict::Deny,
        };
        Self { verdict, row, ambiguity: None }
    }
}

impl Verdict {
    /// `allow`, `deny` or `ambiguous`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Ambiguous => "ambiguous",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The reason in words, without the verdict: a row, the default, or what makes the operation ambiguous.
impl fmt::Display for Judgement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ambiguity, self.row) {
            (Some(reason), Some(row)) => write!(f, "{reason}: {row}"),
            (Some(reason), None) if reason.is_malformed() => write!(f, "{reason}"),
            // Under a default of deny; otherwise a row is named.
            (Some(reason), None) => write!(f, "{reason}: {NOT_EVERY_READING}"),
            (None, Some(row)) => write!(f, "{row}"),
            (None, None) => write!(f, "no row matches; the default is {}", self.verdict),
        }
    }
}
