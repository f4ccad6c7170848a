//! ASP.NET Core with endpoint routing, behind IIS and at a path base.
//!
//! IIS decodes all but `%2F`, takes `\` for a slash, merges slashes, resolves dot segments (dotnet/aspnetcore issues 4250
//! and 42751, pull request 45008; aspnet/HttpAbstractions issue 643), and trims dots and blanks as Windows does in names.
//! What it hands on is decoded once more, but for `%2F`, and its dot segments are resolved again (issue 41168;
//! PathNormalizer.cs, UrlDecoder.cs). In absolute form `\` is a slash without IIS, too (issue 68636).
//!
//! The router ignores case and one slash at the end (FastPathTokenizer.cs); an empty segment matches nothing. Methods are
//! compared without case. Razor pages serve HEAD by GET.
//!
//! The path base, which the caller of the judge cut off, is in front again when the server resolves dot segments; a path
//! that is not under it is routed as it is (UsePathBaseMiddleware.cs).

use super::{Request, steps};
use crate::rules::Operation;

/// No table and no mutation has this name: the caller of the judge cuts the base off, so it judges no path under it.
const PATH_BASE: &str = "/base-of-the-app";

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let upper = Request { method: request.method.to_ascii_uppercase(), target: Vec::new() };
    [path.to_vec(), [PATH_BASE.as_bytes(), path].concat()]
        .iter()
        .filter_map(|path| {
            let in_front = in_front(path)?;
            let path = steps::remove_dot_segments(&decoded(in_front.as_bytes())?);
            steps::served(&upper, &without_base(path))
        })
        .flat_map(steps::with_get_for_head)
        .collect()
}

/// What IIS makes of the path.
fn in_front(path: &[u8]) -> Option<String> {
    let path = decoded(path)?.replace('\\', "/");
    let path = steps::remove_dot_segments(&steps::merge_slashes(&path));
    let trimmed: Vec<_> = path.split('/').map(|segment| segment.trim_end_matches(['.', ' '])).collect();
    Some(steps::merge_slashes(&trimmed.join("/")))
}

/// Decoded but for `%2F`; NUL is refused.
fn decoded(path: &[u8]) -> Option<String> {
    let decoded = steps::decode_unless(path, |byte| byte == b'/');
    (!decoded.contains(&0)).then(|| steps::text(&decoded))
}

fn without_base(path: String) -> String {
    let under = path.get(..PATH_BASE.len()).is_some_and(|base| base.eq_ignore_ascii_case(PATH_BASE));
    match path.get(PATH_BASE.len()..) {
        Some(rest) if under && rest.starts_with('/') => rest.to_owned(),
        Some("") if under => "/".to_owned(),
        _ => path,
    }
}
