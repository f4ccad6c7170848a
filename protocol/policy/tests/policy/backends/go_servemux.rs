//! Go's `net/http.ServeMux`.
//!
//! Since Go 1.22 it cleans the path as it was sent and matches segment by segment, each decoded once, so that `%2F` and
//! `%2e%2e` stay within a segment (`findHandler` and `cleanPath` in net/http/server.go, `firstSegment` in
//! net/http/routing_tree.go). That is `URL.EscapedPath`, which is another text when the path as sent holds a byte that
//! must be encoded: then it is made from the decoded path, and an encoded slash becomes one (net/url/url.go). Before Go
//! 1.22 the decoded path was cleaned and matched (golang/go issue 14815).
//!
//! A path that cleaning changes is answered by a redirect to the clean one (issue 19481); a proxy follows it here. The
//! slash of a subtree pattern is ignored at the end, as its redirect has it. GET patterns serve HEAD. Literals are
//! compared without case, which is more lenient than Go is. A broken triplet is refused before anything is routed.
//!
//! Under CONNECT nothing is cleaned, and a wildcard takes every segment but the slash at the end, an empty one, too
//! (`findHandler`; `matchPath` in net/http/routing_tree.go). GET patterns do not serve it in Go; they do here.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    if !path.split(|&byte| byte == b'%').skip(1).all(starts_with_two_digits) {
        return Vec::new();
    }
    if request.method == b"CONNECT" {
        return connected(path).into_iter().collect();
    }
    let decoded = steps::served(request, &clean(&steps::decode(path)));
    let escaped = path.iter().all(stands_as_sent).then(|| by_segment(request, path)).flatten();
    decoded.into_iter().chain(escaped).flat_map(steps::with_get_for_head).collect()
}

fn by_segment(request: &Request, path: &[u8]) -> Option<Operation> {
    let operation = steps::served(request, &clean(path))?;
    let decoded = |segment: &String| steps::text(&steps::decode(segment.as_bytes()));
    Some(Operation { segments: operation.segments.iter().map(decoded).collect(), ..operation })
}

/// The operation of GET, too: rows are not told apart by it under CONNECT.
fn connected(path: &[u8]) -> Option<Operation> {
    let filled = |segment: &String| {
        let decoded = steps::text(&steps::decode(segment.as_bytes()));
        if decoded.is_empty() { "nothing that a wildcard takes".to_owned() } else { decoded }
    };
    let segments = steps::segments(&steps::text(path))?.iter().map(filled).collect();
    Some(Operation { method: "GET".to_owned(), segments })
}

/// `path.Clean`; whether a slash stays at the end does not matter.
fn clean(path: &[u8]) -> String {
    steps::remove_dot_segments(&steps::merge_slashes(&steps::text(path)))
}

/// `validEncoded` of net/url.
fn stands_as_sent(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!'()*[]%".contains(byte)
}

fn starts_with_two_digits(text: &[u8]) -> bool {
    text.get(..2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit))
}
