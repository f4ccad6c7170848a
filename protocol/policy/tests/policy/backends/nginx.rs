//! nginx: decodes once, merges slashes, resolves dot segments, and drops a fragment.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    normalised(&request.target).and_then(|path| steps::served(request, &path)).into_iter().collect()
}

/// nginx in front of a server that decodes again what `proxy_pass` with a path hands on decoded.
pub(crate) fn operations_twice(request: &Request) -> Vec<Operation> {
    let again = || normalised(normalised(&request.target)?.as_bytes());
    again().and_then(|path| steps::served(request, &path)).into_iter().collect()
}

fn normalised(target: &[u8]) -> Option<String> {
    let path = steps::decode(steps::path(target)?);
    if path.contains(&0) {
        return None;
    }
    Some(steps::remove_dot_segments(&steps::merge_slashes(&steps::text(&path))))
}
