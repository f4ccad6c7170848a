//! Ways to send a method, and what may stand in the query.

use crate::backends::Request;
use crate::random::Random;

pub(super) fn add_query(request: &mut Request, random: &mut Random) {
    const QUERIES: [&str; 9] = ["?", "?a=b", "?/../x", "?x=/public", "?%00", "?a#b", "??", "?a b", "?\u{e9}"];
    request.target.extend_from_slice(random.pick(&QUERIES).as_bytes());
}

pub(super) fn change_method(request: &mut Request, random: &mut Random) {
    match random.below(5) {
        0 => request.method.make_ascii_lowercase(),
        1 => request.method.push(b' '),
        2 => request.method = b"TRACE".to_vec(),
        _ if request.method == b"GET" => request.method = b"HEAD".to_vec(),
        _ => {}
    }
}

/// Hides the method in the query and sends another.
pub(super) fn override_method(request: &mut Request, random: &mut Random) {
    const NAMES: [&str; 14] = [
        "_method",
        "_METHOD",
        "_Method",
        "%5fmethod",
        "_%6dethod",
        "_metho%44",
        ".method",
        "+_method",
        "[_method]",
        "%20_method",
        "_method%00",
        "[method",
        "%2emethod",
        "_method%5d",
    ];
    let method = String::from_utf8_lossy(&request.method).into_owned();
    let value = match random.below(5) {
        0 => method.to_lowercase(),
        1 => method.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        2 => method.replace('S', "%C5%BF"),
        _ => method,
    };
    let has_query = request.target.contains(&b'?');
    let part = match (has_query, random.below(4)) {
        (true, 0) => ";",
        (true, _) => "&",
        (false, 0) => "?a=b;",
        (false, 1) => "?a=b&",
        (false, _) => "?",
    };
    let after = random.pick(&["", "", "&a=b", ";a=b"]);
    request.target.extend_from_slice(format!("{part}{}={value}{after}", random.pick(&NAMES)).as_bytes());
    request.method = random.pick(&[b"POST".to_vec(), b"GET".to_vec(), b"OPTIONS".to_vec()]).clone();
}

/// Leaves a segment empty, which Go's ServeMux takes for a wildcard under CONNECT.
pub(super) fn connect_to_nothing(request: &mut Request, random: &mut Random) {
    let path = request.target.split(|&byte| byte == b'?').next().unwrap_or_default();
    let slashes: Vec<_> =
        path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).collect();
    if !slashes.is_empty() {
        let at = random.below(slashes.len());
        let end = slashes.get(at + 1).copied().unwrap_or(path.len());
        request.target.drain(slashes[at] + 1..end);
    }
    request.method = b"CONNECT".to_vec();
}
