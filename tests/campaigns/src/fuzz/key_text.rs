//! The text of a key, against its grammar written out a second time.

use super::allocation::within;
use apikeyd_protocol::key::{ApiKey, KeyFormatError, KeyId, KeyPrefix, looks_like_key};

/// Bytes as a text that may be a key, as it stands and with the checksum that would fit.
pub fn key_text(bytes: &[u8]) {
    check(bytes);
    if let Some((body, _)) = bytes.split_last_chunk::<6>() {
        check(&[body, &digits::<6>(u64::from(crc32(body)))].concat());
    }
    let id: [u8; 10] = core::array::from_fn(|at| bytes.get(at).copied().unwrap_or(b'0'));
    assert_eq!(KeyId::parse(&id).ok().map(KeyId::get), id_of(&id));
    assert_eq!(KeyPrefix::parse(bytes).is_ok(), is_prefix(bytes));
}

fn check(text: &[u8]) {
    let read = within(0, || ApiKey::parse(text));
    assert_eq!(read.is_ok(), is_key(text), "{:?}", text.escape_ascii().to_string());
    within(0, || looks_like_key(text));
    match read {
        Ok(key) => {
            let (body, _) = text.split_last_chunk::<49>().unwrap();
            assert_eq!(key.expose().as_bytes(), text);
            assert_eq!(Some(key.id().get()), id_of(&body[body.len() - 11..body.len() - 1]));
            assert_eq!(key.id().to_digits(), body[body.len() - 11..body.len() - 1]);
            assert_eq!(key.expose_distinctive()[..], text[text.len() - 61..text.len() - 6]);
            assert!(looks_like_key(text));
            assert!(looks_like_key(&[b"Bearer \"", text, b"\""].concat()));
            // Another prefix makes another text of the same key.
            let other = [b"zz_", text.splitn(2, |byte| *byte == b'_').nth(1).unwrap()].concat();
            let body = &other[..other.len() - 6];
            let other = [body, &digits::<6>(u64::from(crc32(body)))].concat();
            let other = ApiKey::parse(&other).ok().unwrap();
            assert!(other.digest() == key.digest() && other.id() == key.id());
        }
        // The length is all that an error holds.
        Err(KeyFormatError::Length { bytes }) => assert_eq!(bytes, text.len()),
        Err(_) => {}
    }
}

/// The grammar: `prefix _ 1 id _ secret checksum`.
fn is_key(text: &[u8]) -> bool {
    let Some((body, checksum)) = text.split_last_chunk::<6>() else { return false };
    let Some((prefix, rest)) = text.iter().position(|byte| *byte == b'_').map(|at| text.split_at(at)) else {
        return false;
    };
    let is_base62 = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_alphanumeric);
    is_prefix(prefix)
        && rest.len() == 1 + 1 + 10 + 1 + 43 + 6
        && rest[1] == b'1'
        && id_of(&rest[2..12]).is_some()
        && rest[12] == b'_'
        && is_base62(&rest[13..])
        && *checksum == digits::<6>(u64::from(crc32(body)))
}

fn is_prefix(text: &[u8]) -> bool {
    (2..=8).contains(&text.len()) && text.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn id_of(digits: &[u8]) -> Option<u64> {
    let value = digits.iter().try_fold(0, |value, byte| {
        let digit = ALPHABET.iter().position(|digit| digit == byte)?;
        Some(value * 62 + u64::try_from(digit).ok()?)
    })?;
    (value > 0).then_some(value)
}

fn digits<const N: usize>(mut value: u64) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[usize::try_from(value % 62).unwrap()];
        value /= 62;
    }
    digits
}

/// CRC-32/ISO-HDLC, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}
