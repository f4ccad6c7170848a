//! Kestrel with ASP.NET Core routing: decodes once except `%2F`, resolves dot segments before and after, and its
//! routes ignore case.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let decoded = steps::decode_unless(path, |byte| byte == b'/');
    if decoded.contains(&0) {
        return Vec::new();
    }
    let path = steps::remove_dot_segments(&steps::text(&decoded));
    // Methods are compared without case: HttpMethods.Equals.
    let upper = Request { method: request.method.to_ascii_uppercase(), target: Vec::new() };
    steps::served(&upper, &path).into_iter().collect()
}
