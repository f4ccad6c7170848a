//! Rails on Rack: merges slashes, takes `.json` at the end for a format, reads `_method` from the parameters and
//! serves HEAD by GET.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let path = steps::text(&steps::decode(&steps::merge_slashes(&steps::text(path)).into_bytes()));
    let Some(operation) = steps::served(request, &path) else { return Vec::new() };
    let (_, query) = steps::cut(&request.target, b"?");
    let methods = std::iter::once(operation.method.clone()).chain(overrides(query));
    let with_format = methods.map(|method| Operation { method, ..operation.clone() });
    let all = with_format.flat_map(|operation| [without_format(&operation), Some(operation)]);
    all.flatten().flat_map(steps::with_get_for_head).collect()
}

/// `/users.json` is `/users` in another format. Every dot may be the one, because segments may hold dots.
fn without_format(operation: &Operation) -> Option<Operation> {
    let mut segments = operation.segments.clone();
    let last = segments.pop()?;
    let (stem, format) =
        last.split_once('.').filter(|(stem, format)| !stem.is_empty() && !format.is_empty())?;
    let stem = match last.rsplit_once('.') {
        // A literal such as `v1.0` or `robots.txt` keeps its own dot.
        Some((longest, _)) if format.contains('.') => longest,
        _ => stem,
    };
    segments.push(stem.to_owned());
    Some(Operation { segments, ..operation.clone() })
}

/// Rack::MethodOverride: old Rack splits at `;` too, and brackets around a name fall off.
fn overrides(query: &[u8]) -> Vec<String> {
    let pairs = query.split(|byte| matches!(byte, b'&' | b';')).map(|pair| steps::cut(pair, b"="));
    let form = |bytes: &[u8]| steps::text(&steps::decode(&steps::text(bytes).replace('+', " ").into_bytes()));
    pairs
        .filter(|(name, _)| form(name).trim_matches(['[', ']']).eq_ignore_ascii_case("_method"))
        .map(|(_, value)| form(value).to_uppercase())
        .collect()
}
