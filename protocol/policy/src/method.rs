//! The methods that a table knows, as small sets.

use crate::quoted::quoted;
use std::ops::{BitAnd, BitOr, Not};

/// Maximum length of a method that a table may name, in bytes. The longest registered one, UPDATEREDIRECTREF
/// (RFC 4437), has 17.
pub const MAX_METHOD_BYTES: usize = 32;

/// Maximum number of methods that a table may name besides the seven standard ones. The registry of RFC 9110
/// section 16.1 has about forty in all.
pub const MAX_NAMED_METHODS: usize = 57;

const STANDARD: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The methods in IANA's registry besides [`STANDARD`], and QUERY.
const REGISTERED: [&str; 33] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PRI",
    "PROPFIND",
    "PROPPATCH",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
];

/// A set of known methods: bits 0 to 6 for [`STANDARD`], then one for each further method that the table
/// names, and the last one for all registered methods that no row names, because those are judged alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MethodSet(u128);

impl MethodSet {
    pub(crate) const NONE: Self = Self(0);
    /// What a row with method `*` covers.
    pub(crate) const ALL: Self = Self(u128::MAX);
    const GET: Self = Self::one(0);
    const HEAD: Self = Self::one(1);
    const UNNAMED: Self = Self::one(127);

    const fn one(bit: usize) -> Self {
        Self(1 << bit)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set, with GET added if it contains HEAD: GET handlers serve HEAD, with their side effects.
    pub(crate) fn with_get_for_head(self) -> Self {
        if (self & Self::HEAD).is_empty() { self } else { self.with_get() }
    }

    pub(crate) fn with_get(self) -> Self {
        self | Self::GET
    }
}

impl BitAnd for MethodSet {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for MethodSet {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Not for MethodSet {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}

/// The methods that one table knows.
#[derive(Debug, Default)]
pub(crate) struct Methods {
    /// Beyond [`STANDARD`], at most [`MAX_NAMED_METHODS`], in the order in which the rows name them.
    named: Vec<Box<str>>,
}

impl Methods {
    /// The set with only this method; none if the method is unknown. Compares exactly.
    pub(crate) fn find(&self, method: &[u8]) -> Option<MethodSet> {
        let bit = match method {
            b"GET" => 0,
            b"HEAD" => 1,
            b"POST" => 2,
            b"PUT" => 3,
            b"PATCH" => 4,
            b"DELETE" => 5,
            b"OPTIONS" => 6,
            _ => match self.named.iter().position(|named| named.as_bytes() == method) {
                Some(place) => STANDARD.len() + place,
                None => {
                    let is_registered = REGISTERED.iter().any(|name| name.as_bytes() == method);
                    return is_registered.then_some(MethodSet::UNNAMED);
                }
            },
        };
        Some(MethodSet::one(bit))
    }

    /// Makes a method known. False if the table names too many.
    pub(crate) fn add(&mut self, method: &str) -> bool {
        if STANDARD.contains(&method) || self.named.iter().any(|named| **named == *method) {
            return true;
        }
        if self.named.len() >= MAX_NAMED_METHODS {
            return false;
        }
        self.named.push(method.into());
        true
    }
}

/// True for a token (RFC 9110 section 5.6.2): what HTTP allows as a method, known or not.
pub(crate) fn is_token(method: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !method.is_empty() && method.iter().all(is_tchar)
}

/// What is wrong with a row's method; none if it is valid.
///
/// A method is a token (RFC 9110 section 9.1), but only the characters that real methods use are accepted: no
/// server has a lower-case method.
pub(crate) fn fault(method: &str) -> Option<String> {
    let upper = method.to_ascii_uppercase();
    if method.is_empty() {
        Some("the method is empty; write GET, POST, another method in upper case, or \"*\" for all".into())
    } else if method.len() > MAX_METHOD_BYTES {
        Some(format!("the method is longer than {MAX_METHOD_BYTES} bytes; write one method"))
    } else if is_method(method) {
        None
    } else if is_method(&upper) {
        Some(format!("methods are case-sensitive and in upper case; write \"{upper}\""))
    } else {
        Some(format!("{} is not a method; write one method in upper case, or \"*\" for all", quoted(method)))
    }
}

fn is_method(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAMED_METHODS, MethodSet, Methods, REGISTERED, STANDARD, fault, is_token};

    #[test]
    fn standard_methods_have_their_own_bits() {
        let methods = Methods::default();
        for (bit, name) in STANDARD.iter().enumerate() {
            assert_eq!(methods.find(name.as_bytes()), Some(MethodSet::one(bit)), "{name}");
        }
        for other in ["", "get", "GET ", "GETX", "JEFF"] {
            assert_eq!(methods.find(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_method_may_be_as_long_as_the_limit() {
        let of = |bytes: usize| fault(&"M".repeat(bytes)).is_none();
        assert!(of(super::MAX_METHOD_BYTES) && !of(super::MAX_METHOD_BYTES + 1));
    }

    #[test]
    fn registered_methods_are_known_and_alike_until_a_row_names_one() {
        let mut methods = Methods::default();
        for name in REGISTERED {
            assert_eq!(methods.find(name.as_bytes()), Some(MethodSet::UNNAMED), "{name}");
        }
        assert!(methods.add("PROPFIND"));
        assert_eq!(methods.find(b"PROPFIND"), Some(MethodSet::one(7)));
        assert_eq!(methods.find(b"MKCOL"), Some(MethodSet::UNNAMED));
    }

    #[test]
    fn tokens_are_what_http_takes_for_a_method() {
        assert!([&b"GET"[..], b"get", b"M-SEARCH", b"x!"].iter().all(|method| is_token(method)));
        let bad = [&b""[..], b"GET ", b" GET", b"G/T", b"GET\0", b"G\xc3\x89T"];
        assert!(!bad.iter().any(|method| is_token(method)));
    }

    #[test]
    fn a_table_may_name_as_many_as_fit_in_the_set() {
        let mut methods = Methods::default();
        assert!((0..MAX_NAMED_METHODS).all(|n| methods.add(&format!("M{n}"))));
        assert!(methods.add("M0"), "named already");
        assert!(!methods.add("ONE-MORE"));
        assert_eq!(methods.find(b"M56"), Some(MethodSet(1 << 63)));
    }

    #[test]
    fn only_upper_case_tokens_are_methods() {
        for good in ["GET", "PROPFIND", "M-SEARCH", "VERSION-CONTROL", "X1"] {
            assert_eq!(fault(good), None, "{good}");
        }
        let long = "A".repeat(33);
        for bad in ["", "get", "Get", "GET POST", "GET,POST", "1GET", "GÉT", "G\u{0}", "**", long.as_str()] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert!(fault("get").is_some_and(|words| words.contains("\"GET\"")));
    }
}
