//! Keys whose id, checksum and digest were computed without this crate, and keys that are wrong.

use apikeyd_protocol::key::{ApiKey, KeyFormatError, looks_like_key};
use std::fmt::Write as _;

/// The lines of one kind, split at tabs.
fn lines(kind: &str) -> Vec<Vec<&'static str>> {
    let lines: Vec<Vec<_>> = include_str!("keys.txt")
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|fields| fields[0] == kind)
        .collect();
    assert!(lines.len() > 5, "there are lines of the kind {kind}");
    lines
}

/// `\xHH` is a raw byte, `empty:` no byte, `repeat:N:c` N times the character c.
fn unescape(text: &str) -> Vec<u8> {
    if text == "empty:" {
        return Vec::new();
    }
    if let Some((count, byte)) = text.strip_prefix("repeat:").and_then(|rest| rest.split_once(':')) {
        return byte.repeat(count.parse().unwrap()).into_bytes();
    }
    let mut parts = text.split("\\x");
    let mut out = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(&part[..2], 16).unwrap());
        out.extend(&part.as_bytes()[2..]);
    }
    out
}

#[test]
fn good_keys_have_the_id_and_the_digest_of_their_line() {
    for line in lines("good") {
        let [_, what, text, prefix, id, digest] = line[..] else { panic!("{line:?} has six fields") };
        let Ok(key) = ApiKey::parse(text.as_bytes()) else { panic!("{what} is a key") };
        assert_eq!(key.expose(), text, "{what}");
        assert!(text.starts_with(prefix), "{what}");
        assert_eq!(key.id().get().to_string(), id, "{what}");
        let mut hex = String::new();
        for byte in key.digest().expose_bytes() {
            write!(hex, "{byte:02x}").unwrap();
        }
        assert_eq!(hex, digest, "{what}");
        assert!(looks_like_key(text.as_bytes()), "{what}");
    }
}

#[test]
fn wrong_keys_are_refused_with_the_error_of_their_line() {
    for line in lines("wrong") {
        let [_, what, text, error] = line[..] else { panic!("{line:?} has four fields") };
        let text = unescape(text);
        let expected = match error {
            "Length" => KeyFormatError::Length { bytes: text.len() },
            "Shape" => KeyFormatError::Shape,
            "Prefix" => KeyFormatError::Prefix,
            "Checksum" => KeyFormatError::Checksum,
            "Version" => KeyFormatError::Version,
            "Id" => KeyFormatError::Id,
            other => panic!("{other} is no error"),
        };
        assert_eq!(ApiKey::parse(&text).err(), Some(expected), "{what}");
    }
}

#[test]
fn a_key_is_recognised_where_it_should_not_be() {
    let key = crate::values::KEY;
    let cut = |bytes: usize| &key[..key.len() - bytes];
    for text in [
        key,
        cut(1),
        cut(6),
        &key[4..],
        &format!("Bearer {key}\n"),
        &format!("\"{key}\""),
        &format!("\u{feff}{key}"),
        &format!("alice:{key}@host"),
        &format!("{key},{key}"),
        &key.to_uppercase(),
        &format!("X-Api-Key:{key}0"),
    ] {
        assert!(looks_like_key(text.as_bytes()), "{text}");
    }
    let hash = "0123456789abcdef".repeat(4);
    for text in [
        "",
        "alice@example.com",
        "akd_1QwErTy0123",
        "QwErTy0123",
        &hash,
        &format!("sha256_{hash}"),
        &format!("user_name_{hash}"),
        &format!("a_1QwErTy012_{hash}"),
        "akd_1QwErTy0123_short",
        &"_".repeat(500),
        &"a".repeat(500),
    ] {
        assert!(!looks_like_key(text.as_bytes()), "{text}");
    }
}
