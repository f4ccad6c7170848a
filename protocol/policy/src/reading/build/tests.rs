//! How paths are read.

use crate::reading::view::{Bound, Kind, Reading, token};

/// The text of a reading: `|` for a slash, `^` for another bound, `?` for anything, `x` for other tokens.
fn read(path: &str) -> String {
    read_bytes(path.as_bytes())
}

fn read_bytes(path: &[u8]) -> String {
    let mut reading = Reading::<256, 24>::EMPTY;
    reading.read(path).unwrap();
    let view = reading.view();
    let mut shown = String::new();
    for at in 0..=view.text.len() {
        let here = |bound: &&Bound| usize::from(bound.at) == at;
        for bound in view.bounds.iter().skip(1).filter(here) {
            shown.push(match bound.kind {
                Kind::SLASH => '|',
                Kind::END => '$',
                _ => '^',
            });
        }
        match view.token(at) {
            Some(b'/') | None => {}
            Some(token::ANYTHING) => shown.push('?'),
            Some(token @ 0x80..) => shown.push_str(&format!("<{token:x}>")),
            Some(byte) => shown.push(char::from(byte)),
        }
    }
    shown
}

#[test]
fn paths_are_decoded_and_folded_until_nothing_changes() {
    for (path, expected) in [
        ("a/b", "a|b$"),
        ("A%2e%62%2525", "a.b%$"),
        ("%2525%32%66a", "^<82>a$"),
        ("%%36%31", "^??61$"),
        ("a%zz%4", "a^??zz^??4$"),
        ("%u0041%u00e9%U012f", "aei$"),
        ("caf\u{e9}/\u{ff21}\u{2026}", "cafe|a...$"),
        ("%c3%a9%C3%89", "ee$"),
        ("u%25\u{ad}73er%e2%81%a0/x", "user|x$"),
        ("a%252%09f", "a^<82>$"),
        ("%252%c2%ad%66", "^<82>$"),
        ("a%00b%0ac%0dd%7f", "a^b^c^d$"),
        ("\u{5f20}", "<80>$"),
    ] {
        assert_eq!(read(path), expected, "{path}");
    }
}

#[test]
fn what_is_no_utf8_may_be_anything() {
    for (path, expected) in [
        (&b"a\xffb"[..], "a^??b$"),
        // Each is *anything*, before the next one; more than two read like two.
        (b"a%ff%feb", "a^??^??b$"),
        (b"a%ff%fe%80b", "a^??^??b$"),
        (b"a%c3", "a^??$"),
        (b"a%c3b%a9", "a^??b^??$"),
        (b"%c0%af%e0%80%ae%f0%80%80%a1", "^<82>.!$"),
        (b"a%ed%a0%80", "a^??$"),
        (b"%257%ff8", "^??8$"),
    ] {
        assert_eq!(read_bytes(path), expected, "{}", path.escape_ascii());
    }
}

#[test]
fn a_path_that_does_not_fit_is_too_long() {
    let fits = |path: &[u8]| {
        let mut reading = Reading::<256, 24>::EMPTY;
        reading.read(path).is_ok()
    };
    assert!(fits(&[b'a'; 256]) && !fits(&[b'a'; 257]));
    assert!(fits(&b"a/".repeat(22)) && !fits(&b"a/".repeat(23)));
}
