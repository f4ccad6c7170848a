//! `_method=` in the query, which frameworks let stand in for the method of the request.
//!
//! Rack, Symfony, Laravel, Express and others read it, each with its own idea of what the name may look like:
//! PHP makes `.method`, ` method` and `[method` into `_method`, Rack strips brackets, old Rack also splits at `;`.
//! A pair that any of them may take for the override counts, because it only ever makes a verdict stricter.

use crate::decode::hex;
use crate::method::{MAX_METHOD_BYTES, MethodSet, Methods};

/// What the query adds to the method of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// The known methods that are named.
    pub(crate) methods: MethodSet,
    /// True when an override names something else.
    pub(crate) unknown: bool,
}

impl Overrides {
    pub(crate) const NONE: Self = Self { methods: MethodSet::NONE, unknown: false };

    /// Reads all overrides of a query (the part after the `?`).
    pub(crate) fn of(query: &[u8], methods: &Methods) -> Self {
        let mut overrides = Self::NONE;
        for pair in query.split(|&byte| byte == b'&') {
            let mut pieces = pair.split(|&byte| byte == b';').peekable();
            while let Some(piece) = pieces.next() {
                if may_start_the_name(piece) {
                    overrides.add(piece, methods);
                    // Who does not split at `;` reads the rest of the pair as part of the value.
                    overrides.unknown |= pieces.peek().is_some() && names_the_method(name_and_value(piece).0);
                }
            }
        }
        overrides
    }

    fn add(&mut self, pair: &[u8], methods: &Methods) {
        let (name, value) = name_and_value(pair);
        if names_the_method(name) {
            match find_decoded(value, methods) {
                Some(method) => self.methods = self.methods | method,
                None => self.unknown = true,
            }
        }
    }
}

/// Lets nearly every pair go at its first byte.
fn may_start_the_name(pair: &[u8]) -> bool {
    matches!(pair.first(), Some(b'_' | b'.' | b'[' | b']' | b'+' | b'%'))
}

fn name_and_value(pair: &[u8]) -> (&[u8], &[u8]) {
    let end = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
    (pair.get(..end).unwrap_or_default(), pair.get(end + 1..).unwrap_or_default())
}

fn names_the_method(name: &[u8]) -> bool {
    let once = Decoded(name.iter().copied());
    // Behind a proxy that decodes, the back end decodes a second time.
    is_the_name(once.clone()) || is_the_name(Decoded(once))
}

fn is_the_name(name: impl Iterator<Item = u8>) -> bool {
    let mut rest = name.skip_while(|byte| matches!(byte, b'_' | b'.' | b' ' | b'[' | b']'));
    b"method".iter().all(|&letter| rest.next().is_some_and(|byte| byte.eq_ignore_ascii_case(&letter)))
        && matches!(rest.next(), None | Some(b'[' | b']' | b' ' | 0))
}

/// The known method that the decoded value names, in any case.
fn find_decoded(value: &[u8], methods: &Methods) -> Option<MethodSet> {
    let mut name = [0; MAX_METHOD_BYTES];
    let mut length = 0;
    for byte in Decoded(value.iter().copied()) {
        *name.get_mut(length)? = byte.to_ascii_uppercase();
        length += 1;
    }
    name.get(..length).and_then(|name| methods.find(name))
}

/// Form decoding as back ends do it: `+` is a space, and a broken triplet stands for itself.
#[derive(Clone)]
struct Decoded<I>(I);

impl<I: Iterator<Item = u8> + Clone> Iterator for Decoded<I> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let byte = self.0.next()?;
        if byte == b'+' {
            return Some(b' ');
        }
        if byte == b'%' {
            let mut ahead = self.0.clone();
            let mut digit = || ahead.next().as_ref().and_then(hex);
            if let (Some(high), Some(low)) = (digit(), digit()) {
                self.0 = ahead;
                return Some(high << 4 | low);
            }
        }
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::Overrides;
    use crate::method::{MethodSet, Methods};

    fn read(query: &str) -> Overrides {
        Overrides::of(query.as_bytes(), &Methods::default())
    }

    fn delete() -> Overrides {
        Overrides { methods: Methods::default().find(b"DELETE").unwrap(), unknown: false }
    }

    #[test]
    fn name_and_value_are_decoded_and_folded() {
        for query in [
            "_method=DELETE",
            "_METHOD=delete",
            "a=b&_Method=dElEtE&c",
            "%5fmethod=%44elete",
            "_metho%64=DELETE",
            "a;_method=DELETE",
            "%255fmethod=DELETE",
        ] {
            assert_eq!(read(query), delete(), "{query}");
        }
    }

    #[test]
    fn names_that_frameworks_reduce_to_it_count() {
        for query in
            [".method=DELETE", "+_method=DELETE", "[_method]=DELETE", "[method=DELETE", "_method[]=DELETE"]
        {
            assert_eq!(read(query), delete(), "{query}");
        }
    }

    #[test]
    fn what_is_not_a_known_method_is_noted() {
        for query in [
            "_method=TRACE",
            "_method",
            "_method=",
            "_method=DELETE+",
            "_method=po%C5%BFt",
            "_method=%2544ELETE",
        ] {
            assert_eq!(read(query), Overrides { methods: MethodSet::NONE, unknown: true }, "{query}");
        }
        let long = format!("_method={}", "A".repeat(40));
        assert!(read(&long).unknown);
    }

    #[test]
    fn both_readings_of_a_semicolon_count() {
        assert_eq!(read("_method=DELETE;x"), Overrides { unknown: true, ..delete() });
    }

    #[test]
    fn all_overrides_count() {
        let both = read("_method=GET&_method=DELETE");
        let methods = Methods::default();
        assert_eq!(both.methods, methods.find(b"GET").unwrap() | methods.find(b"DELETE").unwrap());
    }

    #[test]
    fn other_pairs_do_not() {
        for query in [
            "",
            "&&",
            "method=DELETE",
            "x_method=DELETE",
            "_methods=DELETE",
            "_metho=DELETE",
            "a=_method=DELETE",
            "_",
        ] {
            assert_eq!(read(query), Overrides::NONE, "{query}");
        }
    }
}
