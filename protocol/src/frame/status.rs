//! The outcome of a request.

macro_rules! statuses {
    ($( $(#[doc = $doc:literal])* $name:ident = $code:literal, $text:literal; )*) => {
        /// The status of an answer. All except `Ok` come with a [`Failure`](crate::message::Failure) body.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Status {
            $( $(#[doc = $doc])* $name, )*
            /// A code of a later version: treat it as a permanent failure.
            Other(u16),
        }

        impl Status {
            /// All statuses that this version knows, ordered by code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code,)* Self::Other(code) => code }
            }

            /// The status with a number.
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
    /// The caller lacks the right, or the draft belongs to another caller. Nothing was done.
    NotPermitted = 3, "not-permitted";
    /// No such user, key or draft.
    NotFound = 4, "not-found";
    /// The user already has an active key, or the key was saved in the other mode.
    Conflict = 5, "conflict";
    /// An argument is well-formed but impossible: an expiry in the past, a page of zero items.
    InvalidArgument = 6, "invalid-argument";
    /// A limit is reached at the moment; retry later. Nothing was done.
    Busy = 7, "busy";
    /// The disk is full or failing; retry when it is repaired. Nothing was done.
    StorageUnavailable = 8, "storage-unavailable";
    /// The daemon is shutting down; retry when it is back. Nothing was done.
    ShuttingDown = 9, "shutting-down";
    /// The policy file or the configuration has faults; what was in force stays in force.
    InvalidConfiguration = 10, "invalid-configuration";
    /// The record's bytes on disk are not what the daemon wrote.
    Damaged = 11, "damaged";
    /// A fault in the daemon; its log has details.
    Internal = 12, "internal";
}

impl Status {
    /// Whether the same request may succeed later although nobody changes it.
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
