//! An oracle: which operations some composition of back ends performs for a request.
//!
//! It takes the atomic things that back ends do to a path (module `steps`), applies them in every order until nothing
//! new comes out, and asks the table row by row about every path on the way. It shares no code with the judge, knows
//! no choices and no sets: only texts.

mod query;
mod steps;
mod unicode;

use super::request::Request;
use super::rules::{Operation, Rules};
use std::collections::HashSet;

/// Most texts of one request that are followed. A request mutated four times gives some hundreds.
const MAX_TEXTS: usize = 3_000;

/// A path on its way through servers, and what was cut off behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Text {
    path: Vec<u8>,
    query: Vec<u8>,
    /// A step was taken that no server takes for a path that is routed as it stands: a suffix or a leading dot went.
    is_loose: bool,
}

/// The denied operation that some composition performs for the request, if there is one. Under a default of deny that
/// is also one that no row names.
pub(crate) fn denied(rules: &Rules, request: &Request) -> Option<Operation> {
    let first = received(&request.target)?;
    let mut seen = HashSet::from([first.clone()]);
    let mut left = vec![first];
    while let Some(text) = left.pop() {
        let methods = query::methods(&request.method, &text.query);
        let segments = routed(&text.path).map(|segments| {
            // Go's ServeMux.
            if request.method.eq_ignore_ascii_case(b"CONNECT") { filled(segments) } else { segments }
        });
        // No server routes what is still encoded throughout; one may decode the segments that it has parted.
        let decoded =
            segments.as_ref().map(|segments| segments.iter().map(|one| decoded(one)).collect::<Vec<_>>());
        let is_encoded = segments != decoded;
        let operation = |method: &String, segments: &Option<Vec<String>>| {
            Some(Operation { method: method.clone(), segments: segments.clone()? })
        };
        let denied = methods.iter().find_map(|method| {
            let sent = operation(method, &segments)?;
            let read = operation(method, &decoded)?;
            let is_denied = |operation: &Operation| rules.deny_by_row(operation);
            if is_denied(&sent) {
                Some(sent)
            } else if is_encoded && is_denied(&read) || !text.is_loose && rules.deny_in_any_case(&read) {
                Some(read)
            } else {
                None
            }
        });
        if denied.is_some() {
            return denied;
        }
        for step in steps::ALL {
            let next = step(&text);
            for next in next.into_iter().filter(|next| next.path.starts_with(b"/")) {
                if seen.len() < MAX_TEXTS && !seen.contains(&next) {
                    seen.insert(next.clone());
                    left.push(next);
                }
            }
        }
    }
    None
}

/// What a server takes from the request line: path and query, in origin or absolute form.
fn received(target: &[u8]) -> Option<Text> {
    let scheme_end = target.windows(3).position(|window| window == b"://");
    let path = match scheme_end.filter(|_| !target.starts_with(b"/")) {
        Some(end) => {
            let rest = &target[end + 3..];
            let at = rest.iter().position(|byte| b"/?".contains(byte)).unwrap_or(rest.len());
            if rest[at..].starts_with(b"/") { rest[at..].to_vec() } else { [b"/", &rest[at..]].concat() }
        }
        None => target.to_vec(),
    };
    let (path, query) = steps::cut(&path, b'?').unwrap_or((path, Vec::new()));
    path.starts_with(b"/").then_some(Text { path, query, is_loose: false })
}

/// The segments that a router compares. One slash at the end is ignored; other empty segments match nothing.
fn routed(path: &[u8]) -> Option<Vec<String>> {
    let path = String::from_utf8_lossy(path);
    let inner = path.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    Some(if inner.is_empty() { Vec::new() } else { inner.split('/').map(str::to_owned).collect() })
}

/// Segments of which a wildcard takes the empty ones, too.
fn filled(segments: Vec<String>) -> Vec<String> {
    let fill = |segment: String| if segment.is_empty() { "\u{1}".to_owned() } else { segment };
    segments.into_iter().map(fill).collect()
}

fn decoded(segment: &str) -> String {
    String::from_utf8_lossy(&steps::decoded(segment.as_bytes(), |_| true)).into_owned()
}
