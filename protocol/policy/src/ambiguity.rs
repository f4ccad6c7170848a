//! Why an operation is ambiguous.

use std::fmt;

/// Why an operation was refused as ambiguous: it is malformed, or some server could read it as a denied
/// operation.
///
/// `Display` gives the reason in words for people; [`code`](Ambiguity::code) is the stable short form for logs,
/// metrics and other programs. Codes are never reused for another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ambiguity {
    /// The method is not a token.
    MalformedMethod,
    /// The method is neither registered with IANA nor named by the table, or is not in upper case: some server
    /// may take it for any other.
    UnknownMethod,
    /// `_method=` in the query names an unknown method.
    OverrideMethod,
    /// The target has no bytes.
    EmptyTarget,
    /// The target is longer than [`MAX_TARGET_BYTES`](crate::MAX_TARGET_BYTES).
    LongTarget,
    /// The target has none of the forms of a request target (RFC 9112 section 3.2): origin form, absolute form,
    /// or `*` with OPTIONS.
    NotOriginForm,
    /// The target starts with `//` or `/\`, which a URL parser takes for the start of a host.
    NetworkPath,
    /// The target contains a `#`: some servers cut the fragment off, some do not.
    Fragment,
    /// The target contains a control byte, a space or DEL: some servers strip them, some stop there.
    ControlOrBlank,
    /// The path contains a `;` or a `\`: some servers cut or split there.
    PathByte,
    /// The path has an empty segment other than one trailing slash: some servers merge slashes, some do not.
    EmptySegment,
    /// The path has more than [`MAX_BOUNDS`](crate::MAX_BOUNDS) positions at which servers may split it.
    TooManySegments,
    /// A `%` is not followed by two hexadecimal digits.
    BrokenTriplet,
    /// A control character is percent-encoded in the path: some servers truncate there.
    EncodedControl,
    /// One of `/ \ % ? # ;` is percent-encoded in the path: some servers decode before they split, some after.
    EncodedDelimiter,
    /// The path does not decode to UTF-8: overlong forms, surrogates, truncated sequences.
    InvalidUtf8,
    /// The path contains a character that is invisible, or that normalisation turns into a delimiter or a dot.
    HiddenCharacter,
    /// A segment consists of dots and blanks: some servers go up a level, some drop it.
    DotSegment,
    /// A segment starts like a cookieless session of ASP.NET, `(S(...))`, which that server removes.
    CookielessSession,
    /// A segment is not a row's literal, but some routers treat it as that.
    NearLiteral,
}

impl Ambiguity {
    /// Every reason, in the order in which the checks run.
    pub const ALL: [Self; 20] = [
        Self::MalformedMethod,
        Self::UnknownMethod,
        Self::OverrideMethod,
        Self::EmptyTarget,
        Self::LongTarget,
        Self::NotOriginForm,
        Self::NetworkPath,
        Self::Fragment,
        Self::ControlOrBlank,
        Self::PathByte,
        Self::EmptySegment,
        Self::TooManySegments,
        Self::BrokenTriplet,
        Self::EncodedControl,
        Self::EncodedDelimiter,
        Self::InvalidUtf8,
        Self::HiddenCharacter,
        Self::DotSegment,
        Self::CookielessSession,
        Self::NearLiteral,
    ];

    /// True for targets that HTTP does not allow in a request, and for those that exceed a limit: refused
    /// whatever the table says.
    #[must_use]
    pub const fn is_malformed(self) -> bool {
        matches!(
            self,
            Self::EmptyTarget
                | Self::LongTarget
                | Self::NotOriginForm
                | Self::Fragment
                | Self::ControlOrBlank
                | Self::TooManySegments
                | Self::MalformedMethod
        )
    }

    /// The stable short form: lower case and hyphens.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MalformedMethod => "malformed-method",
            Self::UnknownMethod => "unknown-method",
            Self::OverrideMethod => "override-method",
            Self::EmptyTarget => "empty-target",
            Self::LongTarget => "long-target",
            Self::NotOriginForm => "not-origin-form",
            Self::NetworkPath => "network-path",
            Self::Fragment => "fragment",
            Self::ControlOrBlank => "control-or-blank",
            Self::PathByte => "path-byte",
            Self::EmptySegment => "empty-segment",
            Self::TooManySegments => "too-many-segments",
            Self::BrokenTriplet => "broken-triplet",
            Self::EncodedControl => "encoded-control",
            Self::EncodedDelimiter => "encoded-delimiter",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::HiddenCharacter => "hidden-character",
            Self::DotSegment => "dot-segment",
            Self::CookielessSession => "cookieless-session",
            Self::NearLiteral => "near-literal",
        }
    }
}

impl Ambiguity {
    /// The reason in words.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::MalformedMethod => {
                "the method is empty or holds a character that HTTP does not allow in one"
            }
            Self::UnknownMethod => {
                "the method is not one that IANA has registered or the table names, in upper case"
            }
            Self::OverrideMethod => "_method= in the query names a method that is not known",
            Self::EmptyTarget => "the request target is empty",
            Self::LongTarget => "the request target is longer than 8192 bytes",
            Self::NotOriginForm => "the request target is neither a path nor http:// with a host and a path",
            Self::NetworkPath => {
                "the request target starts with // or /\\, which some parsers take for a host"
            }
            Self::Fragment => "the request target holds a #",
            Self::ControlOrBlank => "the request target holds a control byte or a space",
            Self::PathByte => "the path holds a ; or a \\, at which some servers part it",
            Self::EmptySegment => "the path has an empty segment",
            Self::TooManySegments => "the path has more than 127 places at which servers may part it",
            Self::BrokenTriplet => "a % in the path is not followed by two hexadecimal digits",
            Self::EncodedControl => "the path holds an encoded control character",
            Self::EncodedDelimiter => "the path holds an encoded / \\ % ? # or ;",
            Self::InvalidUtf8 => "the path does not decode to UTF-8",
            Self::HiddenCharacter => {
                "the path holds an invisible character or one that looks like a delimiter or a dot"
            }
            Self::DotSegment => "a segment of the path consists of dots and blanks only",
            Self::CookielessSession => "a segment of the path starts like a cookieless session, (S(...))",
            Self::NearLiteral => "a segment of the path is almost a literal of a row",
        }
    }
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

#[cfg(test)]
mod tests {
    use super::Ambiguity;
    use std::collections::HashSet;

    #[test]
    fn codes_and_words_are_distinct() {
        let codes: HashSet<_> = Ambiguity::ALL.iter().map(|reason| reason.code()).collect();
        let words: HashSet<_> = Ambiguity::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(codes.len(), Ambiguity::ALL.len());
        assert_eq!(words.len(), Ambiguity::ALL.len());
        assert!(
            codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b == b'8'))
        );
    }

    #[test]
    fn the_words_state_the_limits_in_force() {
        assert!(Ambiguity::LongTarget.to_string().contains(&crate::MAX_TARGET_BYTES.to_string()));
        assert!(Ambiguity::TooManySegments.to_string().contains(&crate::MAX_BOUNDS.to_string()));
    }
}
