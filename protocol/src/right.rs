//! What a caller may request.

use core::fmt;
use serde::{Deserialize, Serialize};

/// One of the four rights. The daemon's configuration grants them to users and groups; a caller never claims
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Validate keys, read the policy table and the daemon's status.
    Validate,
    /// Generate, save, retrieve and revoke keys.
    Issue,
    /// List keys, read the audit and statistics, see why a validation was refused.
    Inspect,
    /// All the others, and policy reload and backup.
    Admin,
}

impl Right {
    /// All four, in the order of their bits.
    pub const ALL: [Self; 4] = [Self::Validate, Self::Issue, Self::Inspect, Self::Admin];

    /// The name used in the configuration and in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Issue => "issue",
            Self::Inspect => "inspect",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u32 {
        match self {
            Self::Validate => 1,
            Self::Issue => 2,
            Self::Inspect => 4,
            Self::Admin => 8,
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A right as a type, so that an operation can state which one it needs and a permit which one it proves.
pub trait RightType: sealed::Sealed + Copy + Send + Sync + 'static {
    /// The right as a value.
    const RIGHT: Right;
}

mod sealed {
    /// Prevents further rights.
    pub trait Sealed {}
}

/// The four rights as types.
pub mod types {
    use super::{Right, RightType, sealed};

    macro_rules! rights {
        ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
            $(#[doc = $doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}
            impl sealed::Sealed for $name {}
            impl RightType for $name {
                const RIGHT: Right = Right::$name;
            }
        )*};
    }

    rights! {
        /// [`Right::Validate`].
        Validate;
        /// [`Right::Issue`].
        Issue;
        /// [`Right::Inspect`].
        Inspect;
        /// [`Right::Admin`].
        Admin;
    }
}

/// A set of rights, as in the welcome and in [`DaemonStatus`](crate::message::DaemonStatus): a u32, in which
/// bits that this version does not know are dropped.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct RightSet(u32);

impl RightSet {
    /// No rights at all.
    pub const EMPTY: Self = Self(0);

    /// From the bits of a welcome; bits that this version does not know are dropped.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & 0b1111)
    }

    /// The bits for a welcome.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// This set plus one right; `admin` adds all.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        match right {
            Right::Admin => Self(0b1111),
            Right::Validate | Right::Issue | Right::Inspect => Self(self.0 | right.bit()),
        }
    }

    /// The union of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a right is in the set.
    #[must_use]
    pub const fn contains(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl From<u32> for RightSet {
    fn from(bits: u32) -> Self {
        Self::from_bits(bits)
    }
}

impl From<RightSet> for u32 {
    fn from(rights: RightSet) -> Self {
        rights.bits()
    }
}

impl fmt::Display for RightSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for right in Right::ALL.into_iter().filter(|right| self.contains(*right)) {
            write!(f, "{separator}{right}")?;
            separator = ", ";
        }
        if self.is_empty() { f.write_str("none") } else { Ok(()) }
    }
}

impl fmt::Debug for RightSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RightSet({self})")
    }
}
