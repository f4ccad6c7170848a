//! Tomcat: cuts `;…` out of each segment before it decodes, takes `\` and (as some set it) `%2F` for a slash,
//! merges slashes, resolves dot segments; servlets serve HEAD by GET.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let without: Vec<_> =
        path.split(|&byte| byte == b'/').map(|segment| steps::cut(segment, b";").0).collect();
    let decoded = steps::text(&steps::decode(&without.join(&b'/'))).replace('\\', "/");
    if decoded.contains('\0') {
        return Vec::new();
    }
    let path = steps::remove_dot_segments(&steps::merge_slashes(&decoded));
    steps::served(request, &path).map(steps::with_get_for_head).unwrap_or_default()
}
