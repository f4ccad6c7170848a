//! A server in C, or with a regular expression for one line: the decoded path ends at NUL, CR or LF.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let decoded = steps::decode(path);
    let (path, _) = steps::cut(&decoded, b"\0\r\n");
    steps::served(request, &steps::text(path)).into_iter().collect()
}
