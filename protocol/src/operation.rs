//! The operations, one row each. This table yields the opcodes, the daemon's dispatch, the methods of both
//! clients, and the table in `PROTOCOL.md`, which a test compares.
//!
//! An operation is a type with its opcode, the version that added it, the right it needs, its request and
//! answer, and whether it may be repeated. What the daemon does for it is in `daemon/src/operations`; a row
//! without that does not compile.

use crate::codec::{self, DecodeError, EncodeError};
use crate::message;
use crate::right::{Right, RightType, types};
use serde::{Deserialize, Serialize};

/// One row of the table.
pub trait Operation: Copy + Send + Sync + 'static {
    /// Its code on the wire.
    const OPCODE: Opcode;

    /// The right that it needs.
    type Right: RightType;

    /// The request.
    type Request<'a>: Serialize + Deserialize<'a>;

    /// The answer with status `Ok`. Any other status comes with a [`Failure`](message::Failure).
    type Answer<'a>: Serialize + Deserialize<'a>;

    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not exactly this request.
    fn decode_request(body: &[u8]) -> Result<Self::Request<'_>, DecodeError> {
        codec::decode(body)
    }

    /// Appends the body of a request.
    ///
    /// # Errors
    /// [`EncodeError`] if it would be longer than a body may be; `out` is then unchanged.
    fn encode_request(request: &Self::Request<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode(request, out)
    }

    /// Reads the body of an answer.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not exactly this answer.
    fn decode_answer(body: &[u8]) -> Result<Self::Answer<'_>, DecodeError> {
        codec::decode(body)
    }

    /// Appends the body of an answer.
    ///
    /// # Errors
    /// [`EncodeError`] if it would be longer than a body may be; `out` is then unchanged.
    fn encode_answer(answer: &Self::Answer<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode(answer, out)
    }
}

macro_rules! operations {
    (@repeatable repeatable) => { true };
    (@repeatable once) => { false };
    (@coding derived) => {};
    // The messages of the one hot request have a faster way to the same bytes.
    (@coding own) => {
        #[inline]
        fn decode_request(body: &[u8]) -> Result<Self::Request<'_>, DecodeError> {
            message::Validate::decode(body)
        }
        #[inline]
        fn encode_request(request: &Self::Request<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
            request.encode(out)
        }
        #[inline]
        fn encode_answer(answer: &Self::Answer<'_>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
            answer.encode(out)
        }
    };
    (($d:tt) $( $(#[doc = $doc:literal])*
        $name:ident = $code:literal, since $since:literal, $right:ident, $repeatable:ident, $coding:ident:
        $request:ty => $answer:ty;
    )*) => {
        /// The number of an operation. Codes are never reused; a message that changes gets a new one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Opcode { $( $(#[doc = $doc])* $name, )* }

        impl Opcode {
            /// All operations, ordered by code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code),* }
            }

            /// The operation with a number, if this version knows it.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// The right that it needs.
            #[must_use]
            pub const fn right(self) -> Right {
                match self { $(Self::$name => Right::$right),* }
            }

            /// The protocol version that added it.
            #[must_use]
            pub const fn since(self) -> &'static str {
                match self { $(Self::$name => $since),* }
            }

            /// Whether repeating it after a lost answer requests no more than before. A repeated `Generate`
            /// makes a second draft, with another key, and a repeated `Backup` a second audit row.
            #[must_use]
            pub const fn is_repeatable(self) -> bool {
                match self { $(Self::$name => operations!(@repeatable $repeatable)),* }
            }
        }

        $(
            $(#[doc = $doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}

            impl Operation for $name {
                const OPCODE: Opcode = Opcode::$name;
                type Right = types::$right;
                type Request<'a> = $request;
                type Answer<'a> = $answer;
                operations!(@coding $coding);
            }
        )*

        /// Calls a macro with the names of all operations, for a `match` that covers all of them.
        #[macro_export]
        macro_rules! for_each_operation {
            ($d callback:ident) => { $d callback! { $($name)* } };
        }
    };
}

operations! {
    ($)
    /// Validates a key, and an operation against the policy table.
    Validate = 1, since "1.0", Validate, repeatable, own: message::Validate<'a> => message::Verdict<'a>;
    /// Returns the daemon's version and state.
    Status = 2, since "1.0", Validate, repeatable, derived: message::Empty => message::DaemonStatus;
    /// Returns the rows of the policy table, in pages.
    PolicyRows = 3, since "1.0", Validate, repeatable, derived: message::PolicyRows => message::PolicyPage;
    /// Judges one operation by the policy table, without a key.
    PolicyTest = 4, since "1.0", Validate, repeatable, derived: message::Operation<'a> => message::PolicyAnswer<'a>;
    /// Hands over the revocation page, as a descriptor.
    RevocationPage = 5, since "1.0", Validate, repeatable, derived: message::Empty => message::PageReady;
    /// Records when keys were last accepted from a cache.
    ReportUses = 6, since "1.0", Validate, repeatable, derived: message::ReportUses => message::Empty;
    /// Returns the hash of the policy table, without its rows.
    PolicySummary = 7, since "1.0", Validate, repeatable, derived: message::Empty => message::PolicySummary;
    /// Makes a draft key and shows it, once.
    Generate = 16, since "1.0", Issue, once, derived: message::Generate => message::Generated;
    /// Makes a draft the user's active key.
    Save = 17, since "1.0", Issue, repeatable, derived: message::Save => message::Saved;
    /// Returns the record of a user's active key.
    RetrieveUser = 18, since "1.0", Issue, repeatable, derived: message::RetrieveUser => message::KeyRecord;
    /// Returns the record of a key by its id.
    RetrieveKey = 19, since "1.0", Issue, repeatable, derived: message::RetrieveKey => message::KeyRecord;
    /// Revokes a key, or discards a draft.
    Delete = 20, since "1.0", Issue, repeatable, derived: message::Delete => message::Deleted;
    /// Revokes a user's key after a change or reset of the password.
    CredentialsChanged = 21, since "1.0", Issue, repeatable, derived: message::CredentialsChanged => message::UserRevoked;
    /// Revokes the key of a deleted user.
    DeleteUser = 22, since "1.0", Issue, repeatable, derived: message::DeleteUser => message::UserRevoked;
    /// Lists records, in pages.
    List = 32, since "1.0", Inspect, repeatable, derived: message::List => message::KeyPage;
    /// Lists audit rows, in pages.
    AuditList = 33, since "1.0", Inspect, repeatable, derived: message::AuditList => message::AuditPage;
    /// Verifies the whole audit chain.
    AuditVerify = 34, since "1.0", Inspect, repeatable, derived: message::AuditVerify => message::AuditReport;
    /// Returns the counters.
    Statistics = 35, since "1.0", Inspect, repeatable, derived: message::Empty => message::Statistics;
    /// Returns the files in force, and the policy table read from them.
    FilesInForce = 36, since "1.0", Inspect, repeatable, derived: message::Empty => message::FilesInForce;
    /// Reads the policy file and the rights again.
    Reload = 48, since "1.0", Admin, repeatable, derived: message::Empty => message::Reloaded;
    /// Hands over a consistent copy of the database, as a descriptor.
    Backup = 49, since "1.0", Admin, once, derived: message::Empty => message::BackupReady;
}

impl core::fmt::Display for Opcode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self, f)
    }
}
