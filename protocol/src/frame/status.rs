//! How a request was answered.

macro_rules! statuses {
    ($( $(#[doc = $doc:literal])* $name:ident = $code:literal, $text:literal; )*) => {
        /// The status of an answer. Every one but `Ok` comes with a [`Failure`](crate::message::Failure) body.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Status {
            $( $(#[doc = $doc])* $name, )*
            /// A code of a later version: treat it as a failure that a repetition does not mend.
            Other(u16),
        }

        impl Status {
            /// All that this version knows, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code,)* Self::Other(code) => code }
            }

            /// The status of a number.
            #[must_use]
            pub const fn from_code(code: u16) -> Self {
                match code { $($code => Self::$name,)* other => Self::Other(other) }
            }

            /// A name for people and for `--json`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* Self::Other(_) => "other" }
            }
        }
    };
}

statuses! {
    /// Done; the body is the operation's answer.
    Ok = 0, "ok";
    /// The frame or its body is not a valid request. Nothing was done.
    BadRequest = 1, "bad-request";
    /// This version does not know the opcode. Nothing was done.
    UnknownOpcode = 2, "unknown-opcode";
    /// The caller lacks the right, or the draft is another caller's. Nothing was done.
    NotPermitted = 3, "not-permitted";
    /// No such user, key or draft.
    NotFound = 4, "not-found";
    /// The user has an active key already, or the key was saved in the other way.
    Conflict = 5, "conflict";
    /// An argument is well-formed and yet impossible: an expiry in the past, a page of zero.
    InvalidArgument = 6, "invalid-argument";
    /// A limit is reached for the moment; ask again later. Nothing was done.
    Busy = 7, "busy";
    /// The disk is full or failing; ask again when it is mended. Nothing was done.
    StorageUnavailable = 8, "storage-unavailable";
    /// The daemon is about to end; ask again when it is back. Nothing was done.
    ShuttingDown = 9, "shutting-down";
    /// The policy file or the configuration has faults; what was in force stays in force.
    InvalidConfiguration = 10, "invalid-configuration";
    /// The record's bytes on disk are not what the daemon wrote.
    Damaged = 11, "damaged";
    /// A fault of the daemon; its journal says more.
    Internal = 12, "internal";
}

impl Status {
    /// Whether the same request may succeed later without anybody changing it.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Busy | Self::StorageUnavailable | Self::ShuttingDown)
    }
}

impl core::fmt::Display for Status {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}
