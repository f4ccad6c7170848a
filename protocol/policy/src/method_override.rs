//! `_method=` in the query, which frameworks accept in place of the method of the request.
//!
//! Rack, Symfony, Laravel, Express and others read it, each with its own idea of what the name may look like:
//! PHP turns `.method` and `[method` into `_method`, Rack strips brackets, old Rack also splits at `;`, and
//! most trim. A query may be decoded more than once along the way, so it is decoded until nothing changes. A
//! pair counts if any framework may take it for the override, because it can only make a verdict stricter.

use crate::method::{MAX_METHOD_BYTES, MethodSet, Methods};
use crate::triplet::hex;

/// Maximum number of bytes of a pair that are examined. A longer pair names no known method.
const MAX_PAIR_BYTES: usize = 64;

/// What the query adds to the method of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// The known methods that overrides name.
    pub(crate) methods: MethodSet,
    /// True if an override names something else, which may be any method.
    pub(crate) unknown: bool,
}

impl Overrides {
    pub(crate) const NONE: Self = Self { methods: MethodSet::NONE, unknown: false };

    /// Reads all overrides of a query (the part after the `?`).
    pub(crate) fn of(query: &[u8], methods: &Methods) -> Self {
        let mut overrides = Self::NONE;
        if query.contains(&b'%') {
            overrides.read_decoded(query, methods);
            return overrides;
        }
        let mut start = 0;
        for pair in query.split(|&byte| is_separator(byte)) {
            let end = start + pair.len();
            if may_start_the_name(pair) {
                overrides.read(pair, query.get(end).copied(), methods);
            }
            start = end + 1;
        }
        overrides
    }

    /// Decodes on the fly: whatever becomes `%HH` is replaced by its byte.
    fn read_decoded(&mut self, query: &[u8], methods: &Methods) {
        let mut pair = Pair::default();
        for &byte in query {
            if let Some(ended) = pair.push(byte) {
                self.read(pair.text(), Some(ended), methods);
                pair = Pair::default();
            }
        }
        self.read(pair.text(), None, methods);
    }

    /// Reads a pair. `ended` is the separator after it.
    fn read(&mut self, pair: &[u8], ended: Option<u8>, methods: &Methods) {
        let end = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
        if !is_the_name(pair.get(..end).unwrap_or_default()) {
            return;
        }
        let value = pair.get(end + 1..).unwrap_or_default();
        match find(value, methods) {
            Some(method) => self.methods = self.methods | method,
            None => self.unknown = true,
        }
        // A character that is not ASCII may be a blank, or part of the method's name: servers differ.
        self.unknown |= !value.is_ascii();
        // A server that does not split at this separator reads on, so the value may be longer.
        self.unknown |= ended.is_some_and(|byte| byte != b'&');
    }
}

/// A pair while it is decoded.
struct Pair {
    bytes: [u8; MAX_PAIR_BYTES],
    length: usize,
}

impl Default for Pair {
    fn default() -> Self {
        Self { bytes: [0; MAX_PAIR_BYTES], length: 0 }
    }
}

impl Pair {
    /// Adds a byte. Returns the separator if the pair has ended.
    fn push(&mut self, byte: u8) -> Option<u8> {
        let mut byte = byte;
        loop {
            let before = self.bytes.get(..self.length).unwrap_or_default();
            match before {
                [.., b'%', high] if hex(*high).is_some() && hex(byte).is_some() => {
                    byte = hex(*high).zip(hex(byte)).map_or(0, |(high, low)| high << 4 | low);
                    self.length -= 2;
                }
                _ if is_separator(byte) => return Some(byte),
                _ => break,
            }
        }
        // Past the limit, each byte overwrites the last one: a pair this long has no name that counts, or
        // names no known method.
        let at = self.length.min(MAX_PAIR_BYTES - 1);
        if let Some(place) = self.bytes.get_mut(at) {
            *place = byte;
        }
        self.length = at + 1;
        None
    }

    fn text(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'&' | b';' | b'?')
}

/// Rejects nearly every pair at its first byte.
fn may_start_the_name(pair: &[u8]) -> bool {
    matches!(pair.first(), Some(b'_' | b'.' | b'[' | b']' | b'+' | 0x80..))
}

/// True for blanks, controls, and every byte of a character that is not ASCII, because some of those are
/// blanks, too.
fn is_blank(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'+' | 0x7f..)
}

fn is_the_name(name: &[u8]) -> bool {
    let around = |byte: u8| matches!(byte, b'_' | b'.' | b'[' | b']') || is_blank(byte);
    let start = name.iter().position(|&byte| !around(byte)).unwrap_or(name.len());
    let (before, rest) = name.split_at(start);
    // An underscore, or a character that PHP turns into one.
    before.iter().any(|byte| matches!(byte, b'_' | b'.' | b'['))
        && rest.get(..6).is_some_and(|word| word.eq_ignore_ascii_case(b"method"))
        && rest.get(6).is_none_or(|&byte| matches!(byte, b'[' | b']') || is_blank(byte))
}

/// The known method that a value names, whatever its case and the blanks around it.
fn find(value: &[u8], methods: &Methods) -> Option<MethodSet> {
    let start = value.iter().position(|&byte| !is_blank(byte))?;
    let end = value.iter().rposition(|&byte| !is_blank(byte))? + 1;
    let value = value.get(start..end)?;
    let mut name = [0; MAX_METHOD_BYTES];
    let into = name.get_mut(..value.len())?;
    into.copy_from_slice(value);
    into.make_ascii_uppercase();
    // A CONNECT in an override is judged as GET, too.
    methods.find(into).map(|method| if *into == *b"CONNECT" { method.with_get() } else { method })
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
            "%2525255fmethod=DELETE",
            "_method%0a=delete",
            "%20%09_method%20=%0d%0aDELETE%00",
            "_method=DELETE+",
            "_method=%2544ELETE",
            "a=b%26_method=DELETE",
        ] {
            assert_eq!(read(query), delete(), "{query}");
        }
    }

    #[test]
    fn a_broken_triplet_stays_as_it_is() {
        // If `%z0` were taken for a byte that is trimmed, this would be a name that counts.
        for query in ["_method%z0=DELETE", "_method%0z=DELETE", "%z5_method=DELETE"] {
            assert_eq!(read(query), Overrides::NONE, "{query}");
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
        for query in ["_method=JEFF", "_method", "_method=", "_method=po%C5%BFt"] {
            assert_eq!(read(query), Overrides { methods: MethodSet::NONE, unknown: true }, "{query}");
        }
        for long in [40, 64, 200, 8_000] {
            assert!(read(&format!("_method={}", "A".repeat(long))).unknown);
            assert!(read(&format!("%5fmethod={}", "A".repeat(long))).unknown);
            assert_eq!(read(&format!("%41={}&_method=DELETE", "A".repeat(long))), delete());
        }
    }

    #[test]
    fn what_is_not_ascii_is_a_blank_and_a_part_of_the_name() {
        for query in ["_method=%85DELETE", "_method=DELETE%c2%85", "_method=%e2%80%83delete%ff"] {
            assert_eq!(read(query), Overrides { unknown: true, ..delete() }, "{query}");
        }
        assert_eq!(read("%c2%85_method=DELETE"), delete());
    }

    #[test]
    fn both_readings_of_a_semicolon_count() {
        assert_eq!(read("_method=DELETE;x"), Overrides { unknown: true, ..delete() });
        assert_eq!(read("_method=DELETE%3bx"), Overrides { unknown: true, ..delete() });
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
            "%6dethod=DELETE",
            "+method=DELETE",
            "_",
        ] {
            assert_eq!(read(query), Overrides::NONE, "{query}");
        }
    }
}
