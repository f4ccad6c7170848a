//! What servers do to a path, one step each.

use super::Request;
use crate::rules::Operation;

/// Cuts at the first of the bytes; the rest is without that byte.
pub(crate) fn cut<'a>(text: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    match text.iter().position(|byte| at.contains(byte)) {
        Some(place) => (&text[..place], &text[place + 1..]),
        None => (text, &[]),
    }
}

/// The path of a target in origin or absolute form; fragment and query are cut off.
pub(crate) fn path(target: &[u8]) -> Option<&[u8]> {
    let lower = target.to_ascii_lowercase();
    let target = if lower.starts_with(b"http://") || lower.starts_with(b"https://") {
        let host = target.windows(3).position(|window| window == b"://")? + 3;
        let slash = target[host..].iter().position(|&byte| byte == b'/')?;
        &target[host + slash..]
    } else {
        target
    };
    target.starts_with(b"/").then(|| cut(target, b"?#").0)
}

/// `%HH` to bytes; what is not a triplet stays.
pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    decode_unless(text, |_| false)
}

/// Like [`decode`], but leaves triplets whose byte `keep` wants encoded.
pub(crate) fn decode_unless(text: &[u8], keep: impl Fn(u8) -> bool) -> Vec<u8> {
    let hex = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| u8::try_from(digit).unwrap());
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let pair = text.get(at + 1).and_then(hex).zip(text.get(at + 2).and_then(hex));
        match pair {
            Some((high, low)) if byte == b'%' && !keep(high << 4 | low) => {
                decoded.push(high << 4 | low);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `//` to `/`.
pub(crate) fn merge_slashes(path: &str) -> String {
    let mut merged = String::with_capacity(path.len());
    for c in path.chars() {
        if c != '/' || !merged.ends_with('/') {
            merged.push(c);
        }
    }
    merged
}

/// RFC 3986 section 5.2.4, walking no higher than the root.
pub(crate) fn remove_dot_segments(path: &str) -> String {
    let mut kept = Vec::new();
    let mut ends_with_dots = false;
    for segment in path.split('/').skip(1) {
        ends_with_dots = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let tail = if ends_with_dots { "/" } else { "" };
    format!("/{}{tail}", kept.join("/"))
}

/// The segments of a path. One slash at the end is ignored, as most routers do.
pub(crate) fn segments(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    Some(if inner.is_empty() { Vec::new() } else { inner.split('/').map(str::to_owned).collect() })
}

/// The operation for a path that is ready to be routed, if it has segments.
pub(crate) fn served(request: &Request, path: &str) -> Option<Operation> {
    Some(Operation { method: text(&request.method), segments: segments(path)? })
}

/// The operation, and as GET too when it is HEAD.
pub(crate) fn with_get_for_head(operation: Operation) -> Vec<Operation> {
    let get = (operation.method == "HEAD").then(|| Operation { method: "GET".into(), ..operation.clone() });
    std::iter::once(operation).chain(get).collect()
}
