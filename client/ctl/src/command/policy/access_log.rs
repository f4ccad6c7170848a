//! One line of an access log in the common or the combined format, as Apache and nginx write them.

/// The shape of the time between brackets: `0` is a digit, `a` a letter, `+` a sign.
const TIME: &[u8] = b"00/aaa/0000:00:00:00 +0000";

/// The method and the target of a line `host ident user [time] "METHOD target HTTP/x" status bytes ...`, with its
/// escapes undone. What follows the bytes, such as referrer and agent, is not looked at.
///
/// A request that is none, such as `-` or the first bytes of another protocol, comes back as a method without a
/// target: it is judged as the server had it.
///
/// `None` if the line has another form. Neither server writes a quote into the fields before the request, whatever a
/// client sends, so the first quote of a line starts the request.
pub(super) fn parse(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let quote = first_quote(line)?;
    let (before, request) = (line.get(..quote)?, line.get(quote + 1..)?);
    if !ends_with_time(before) {
        return None;
    }
    let end = first_quote(request)?;
    let (request, after) = (request.get(..end)?, request.get(end + 1..)?);
    is_status_and_bytes(after).then(|| unescape(request)).flatten().map(|request| split(&request))
}

/// Where the first quote stands that no backslash is in front of.
fn first_quote(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let found = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        found
    })
}

/// `host ident user [time] `; some logs have a virtual host in front, and a user may hold blanks.
fn ends_with_time(before: &[u8]) -> bool {
    let Some(before) = before.strip_suffix(b"] ") else { return false };
    let Some((fields, time)) = before.split_at_checked(before.len().saturating_sub(TIME.len())) else {
        return false;
    };
    let has_shape = time.len() == TIME.len()
        && time.iter().zip(TIME).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            b'+' => matches!(byte, b'+' | b'-'),
            other => byte == other,
        });
    let Some(fields) = fields.strip_suffix(b" [") else { return false };
    has_shape && fields.iter().filter(|byte| **byte == b' ').count() >= 2
}

/// ` 200 1234`, and then nothing or a blank.
fn is_status_and_bytes(after: &[u8]) -> bool {
    let mut fields = after.split(|byte| *byte == b' ');
    let (Some([]), Some(status), Some(bytes)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    status.len() == 3
        && status.iter().all(u8::is_ascii_digit)
        && (bytes == b"-" || !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit))
}

/// `\xHH` of both servers, and Apache's `\"`, `\\` and control characters. `None` at any other escape.
fn unescape(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    loop {
        let (byte, rest) = match text {
            [] => return Some(bytes),
            [b'\\', b'x', high, low, rest @ ..] => (digit(*high)? << 4 | digit(*low)?, rest),
            [b'\\', letter, rest @ ..] => (named(*letter)?, rest),
            [b'\\'] => return None,
            [byte, rest @ ..] => (*byte, rest),
        };
        bytes.push(byte);
        text = rest;
    }
}

const fn named(letter: u8) -> Option<u8> {
    match letter {
        b'"' | b'\\' => Some(letter),
        b'b' => Some(0x08),
        b't' => Some(b'\t'),
        b'n' => Some(b'\n'),
        b'v' => Some(0x0b),
        b'f' => Some(0x0c),
        b'r' => Some(b'\r'),
        _ => None,
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Blanks inside a target stay, so that it is judged with them: only the version is taken from its end.
fn split(request: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let end = request.iter().position(|byte| *byte == b' ').unwrap_or(request.len());
    let (method, target) =
        (request.get(..end).unwrap_or_default(), request.get(end + 1..).unwrap_or_default());
    let version = target.iter().rposition(|byte| *byte == b' ').unwrap_or(target.len());
    let is_version = target.get(version + 1..).is_some_and(|version| version.starts_with(b"HTTP/"));
    let target = if is_version { target.get(..version).unwrap_or_default() } else { target };
    (method.to_vec(), target.to_vec())
}

#[cfg(test)]
mod tests {
    use super::parse;

    const BEFORE: &str = r#"192.0.2.1 - - [28/Aug/2026:20:55:11 +0200] ""#;

    fn request(request: &str) -> Option<(String, String)> {
        let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|error| error.to_string());
        parse(format!("{BEFORE}{request}\" 200 17").as_bytes())
            .map(|(method, target)| (text(method), text(target)))
    }

    fn of(method: &str, target: &str) -> Option<(String, String)> {
        Some((method.into(), target.into()))
    }

    #[test]
    fn a_request_is_method_target_and_version() {
        assert_eq!(request("GET /a?b HTTP/1.1"), of("GET", "/a?b"));
        assert_eq!(request("GET /a HTTP/2.0"), of("GET", "/a"));
        assert_eq!(request("GET /a"), of("GET", "/a"), "of HTTP/0.9");
        assert_eq!(request("GET /a b HTTP/1.1"), of("GET", "/a b"), "a raw blank is part of the target");
        assert_eq!(request("GET  HTTP/1.1"), of("GET", ""));
        assert_eq!(request("-"), of("-", ""));
        assert_eq!(request(""), of("", ""));
    }

    #[test]
    fn escapes_of_both_servers_are_undone() {
        assert_eq!(request(r"GET /\x22\x5C\xC3\xa9 HTTP/1.1"), of("GET", "/\"\\é"));
        assert_eq!(request(r#"GET /\"a\\b\t\n\r\v HTTP/1.1"#), of("GET", "/\"a\\b\t\n\r\u{b}"));
        assert_eq!(request(r"GET /a\\"), of("GET", r"/a\"));
        for bad in [r"GET /\q", r"GET /\x4", r"GET /\xg0"] {
            assert_eq!(request(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_stands_around_the_request_is_checked() {
        let is_read = |line: &str| parse(line.as_bytes()).is_some();
        let good = format!("{BEFORE}GET / HTTP/1.1\" 304 -");
        assert!(is_read(&good) && is_read(&format!("{good}\r\n")));
        assert!(is_read(&format!("{good} \"https://example.org/\" \"agent \\\"x\\\"\" \"-\" 0.003")));
        assert!(is_read(&format!("example.org:443 {good}")));
        assert!(is_read(&good.replacen("- -", "- user name", 1)));
        assert!(is_read(&good.replacen("- -", r#"- a\"b"#, 1)));
        for bad in [
            good.replacen("192.0.2.1 - - ", "", 1),
            good.replacen("28/Aug", "28-Aug", 1),
            good.replacen("+0200", "0200", 1),
            good.replacen("] ", "]", 1),
            good.replacen(" 304", "304", 1),
            good.replacen("304", "x04", 1),
            good.replacen(" -", "", 3),
            good.replacen("HTTP/1.1\"", "HTTP/1.1", 1),
            format!("{good}x"),
            String::new(),
            "GET /".into(),
        ] {
            assert!(!is_read(&bad), "{bad}");
        }
    }
}
