//! Symfony and Laravel on PHP: parameter names lose leading blanks, their dots, blanks and open brackets become
//! underscores, and `_method` replaces the method. Slashes at both ends of the path are ignored.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let path = format!("/{}", steps::text(&steps::decode(path)).trim_matches('/'));
    let Some(operation) = steps::served(request, &path) else { return Vec::new() };
    let (_, query) = steps::cut(steps::cut(&request.target, b"?").1, b"#");
    let methods = query.split(|&byte| byte == b'&').filter_map(method_of);
    std::iter::once(operation.method.clone())
        .chain(methods)
        .map(|method| Operation { method, ..operation.clone() })
        .flat_map(steps::with_get_for_head)
        .collect()
}

fn method_of(pair: &[u8]) -> Option<String> {
    let (name, value) = steps::cut(pair, b"=");
    let form = |bytes: &[u8]| steps::text(&steps::decode(&steps::text(bytes).replace('+', " ").into_bytes()));
    let name = form(name);
    let name =
        name.trim_start_matches(' ').split('\0').next()?.replacen('[', "_", 1).replace(['.', ' '], "_");
    name.eq_ignore_ascii_case("_method").then(|| form(value).to_uppercase())
}
