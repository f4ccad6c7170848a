//! A server whose UTF-8 decoder takes forms that are longer than needed, so that `C0 AF` is a slash.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let decoded = decode_utf8(&steps::decode(path));
    let path = steps::remove_dot_segments(&steps::merge_slashes(&decoded));
    steps::served(request, &path).into_iter().collect()
}

fn decode_utf8(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        let (length, head) = match first {
            0xc0..=0xdf => (2, first & 0x1f),
            0xe0..=0xef => (3, first & 0x0f),
            0xf0..=0xf7 => (4, first & 0x07),
            _ => (1, first),
        };
        // Like the worst of them, it does not look at the top bits of what follows.
        let tail = bytes.get(at + 1..at + length).unwrap_or_default();
        let code = tail.iter().fold(u32::from(head), |code, &byte| code << 6 | u32::from(byte & 0x3f));
        text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
        at += length;
    }
    text
}
