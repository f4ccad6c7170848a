//! Spring MVC with AntPathMatcher as it was set for years: `;…` cut out, decoded, empty tokens skipped, tokens
//! trimmed, `.suffix` and a trailing slash ignored; HEAD served by GET.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let without: Vec<_> =
        path.split(|&byte| byte == b'/').map(|segment| steps::cut(segment, b";").0).collect();
    let decoded = steps::text(&steps::decode(&without.join(&b'/')));
    let path = steps::remove_dot_segments(&steps::merge_slashes(&decoded));
    let tokens = path.split('/').map(str::trim).filter(|token| !token.is_empty()).map(str::to_owned);
    let operation = Operation { method: steps::text(&request.method), segments: tokens.collect() };
    steps::with_get_for_head(operation)
}

/// The pattern `literal.*` stands beside `literal`.
pub(crate) fn same(literal: &str, segment: &str) -> bool {
    let stem = segment.get(..literal.len());
    stem.is_some_and(|stem| stem.eq_ignore_ascii_case(literal))
        && segment
            .get(literal.len()..)
            .is_some_and(|rest| rest.trim().is_empty() || rest.trim_start().starts_with('.'))
}
