//! A server or proxy that parses targets like a browser (WHATWG URL): strips blanks at the ends, tabs and line
//! ends anywhere, takes `\` for a slash and `%2e` for a dot, and reads `//host` as a host.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let trimmed = trim(&request.target);
    let target: Vec<u8> =
        trimmed.iter().copied().filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r')).collect();
    // Resolved against the base, a target without a slash is a path too.
    let absolute = if target.to_ascii_lowercase().starts_with(b"http")
        || target.starts_with(b"/")
        || target.starts_with(b"\\")
    {
        target
    } else {
        [b"/", target.as_slice()].concat()
    };
    let (path, _) = steps::cut(&absolute, b"?#");
    let slashed: Vec<u8> = path.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect();
    let slashed = match slashed.strip_prefix(b"//") {
        Some(rest) => rest[steps::cut(rest, b"/").0.len()..].to_vec(),
        None => slashed,
    };
    let Some(path) = steps::path(&slashed) else { return Vec::new() };
    // Dots may be encoded; nothing else is decoded before segments are resolved.
    let dots = steps::decode_unless(path, |byte| byte != b'.');
    let resolved = steps::remove_dot_segments(&steps::text(&dots));
    let decoded = steps::text(&steps::decode(resolved.as_bytes()));
    steps::served(request, &decoded).into_iter().collect()
}

fn trim(target: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| *byte <= b' ';
    let start = target.iter().position(|byte| !is_blank(byte)).unwrap_or(target.len());
    let end = target.iter().rposition(|byte| !is_blank(byte)).map_or(start, |at| at + 1);
    &target[start..end]
}
