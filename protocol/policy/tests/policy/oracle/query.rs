//! The methods under which a server may run a request.

/// The method itself in upper case, GET for HEAD and CONNECT, and each that `_method` in the query names.
pub(super) fn methods(method: &[u8], query: &[u8]) -> Vec<String> {
    let mut all = vec![String::from_utf8_lossy(method).to_uppercase()];
    let mut query = query.to_vec();
    for _ in 0..3 {
        for pair in query.split(|byte| b"&;?".contains(byte)) {
            all.extend(overriding(pair));
        }
        query = super::steps::decoded(&query, |_| true);
    }
    if all.iter().any(|method| method == "HEAD" || method == "CONNECT") {
        all.push("GET".into());
    }
    all
}

fn overriding(pair: &[u8]) -> Option<String> {
    let pair = String::from_utf8_lossy(pair).replace('+', " ");
    let (name, value) = pair.split_once('=')?;
    let blank = |c: char| c.is_whitespace() || c.is_control();
    let name = String::from_utf8_lossy(&super::steps::decoded(name.as_bytes(), |_| true)).into_owned();
    let value = String::from_utf8_lossy(&super::steps::decoded(value.as_bytes(), |_| true)).into_owned();
    // PHP cuts a name at NUL, takes dots, blanks and an open bracket for underscores; Rack drops brackets.
    let name =
        name.trim_start_matches(blank).split('\0').next().unwrap_or_default().trim_matches(blank).to_owned();
    let php = name.replacen('[', "_", 1).replace(['.', ' '], "_");
    let rack = name.trim_matches(['[', ']']);
    let is_name = [php.as_str(), rack].iter().any(|name| name.eq_ignore_ascii_case("_method"));
    is_name.then(|| value.trim_matches(blank).to_uppercase())
}
