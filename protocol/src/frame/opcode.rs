//! What can be asked.

use crate::right::Right;

macro_rules! opcodes {
    ($( $(#[doc = $doc:literal])* $name:ident = $code:literal, $right:ident; )*) => {
        /// An operation. Codes are never reused; a message that changes gets a new one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Opcode { $( $(#[doc = $doc])* $name, )* }

        impl Opcode {
            /// All of them, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code),* }
            }

            /// The operation of a number, if this version knows it.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The right that it needs.
            #[must_use]
            pub const fn right(self) -> Right {
                match self { $(Self::$name => Right::$right),* }
            }
        }
    };
}

opcodes! {
    /// Is this key good, and may this operation be done with it? Since 1.0.
    Validate = 1, Validate;
    /// What the daemon is and how it is. Since 1.0.
    Status = 2, Validate;
    /// The rows of the policy table, in pages. Since 1.0.
    PolicyRows = 3, Validate;
    /// The policy table's verdict on one operation, without a key. Since 1.0.
    PolicyTest = 4, Validate;
    /// The revocation page, handed over as a descriptor. Since 1.0.
    RevocationPage = 5, Validate;
    /// When keys were last accepted from a cache. Since 1.0.
    ReportUses = 6, Validate;
    /// What the policy table is: its hash, without its rows. Since 1.0.
    PolicySummary = 7, Validate;
    /// Make a draft key and show it, once. Since 1.0.
    Generate = 16, Issue;
    /// Make a draft the user's active key. Since 1.0.
    Save = 17, Issue;
    /// The record of a user's active key. Since 1.0.
    RetrieveUser = 18, Issue;
    /// The record of a key by its id. Since 1.0.
    RetrieveKey = 19, Issue;
    /// End a key. Since 1.0.
    Delete = 20, Issue;
    /// The user's password was changed or reset. Since 1.0.
    CredentialsChanged = 21, Issue;
    /// The user's account is gone. Since 1.0.
    DeleteUser = 22, Issue;
    /// Records in pages. Since 1.0.
    List = 32, Inspect;
    /// Audit rows in pages. Since 1.0.
    AuditList = 33, Inspect;
    /// Check the whole audit chain. Since 1.0.
    AuditVerify = 34, Inspect;
    /// Counters of what was asked and answered. Since 1.0.
    Statistics = 35, Inspect;
    /// By which files the daemon runs, and the table that came of them. Since 1.0.
    FilesInForce = 36, Inspect;
    /// Read the policy file and the rights again. Since 1.0.
    Reload = 48, Admin;
    /// A consistent copy of the database, handed over as a descriptor. Since 1.0.
    Backup = 49, Admin;
}

impl core::fmt::Display for Opcode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self, f)
    }
}
