//! The atomic things that back ends do to a path. Each gives the texts that come out, if they differ.

use super::{Text, unicode};

type Step = fn(&Text) -> Vec<Text>;

pub(super) const ALL: [Step; 34] = [
    |text| path(text, |path| decoded(path, |_| true)),
    |text| path(text, |path| decoded(path, |byte| byte != b'/')),
    |text| path(text, |path| decoded(path, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))),
    |text| path(text, decoded_u),
    |text| path(text, |path| overlong(path, true)),
    |text| path(text, |path| overlong(path, false)),
    |text| path(text, merged),
    |text| path(text, without_dots),
    |text| segments(text, |segment| cut(segment, b';').map_or(segment.to_vec(), |(front, _)| front)),
    |text| path(text, |path| path.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect()),
    |text| path(text, |path| cut(path, 0).map_or(path.to_vec(), |(front, _)| front)),
    |text| path(text, |path| cut(path, b'\r').map_or(path.to_vec(), |(front, _)| front)),
    |text| path(text, |path| cut(path, b'\n').map_or(path.to_vec(), |(front, _)| front)),
    |text| path(text, |path| cut(path, b'#').map_or(path.to_vec(), |(front, _)| front)),
    |text| path(text, |path| cut(path, b';').map_or(path.to_vec(), |(front, _)| front)),
    cut_query,
    |text| path(text, |path| path.iter().copied().filter(|byte| !b"\t\r\n".contains(byte)).collect()),
    |text| characters(text, unicode::nfkc),
    |text| characters(text, unicode::without_marks),
    |text| characters(text, unicode::lower),
    |text| characters(text, unicode::folded),
    |text| characters(text, |text| unicode::best_fit(text, false)),
    |text| characters(text, |text| unicode::best_fit(text, true)),
    |text| characters(text, unicode::without_invisible),
    |text| trimmed(text, |segment| segment.trim_matches(unicode::is_blank)),
    |text| trimmed(text, |segment| segment.trim_end_matches(|c| c == '.' || unicode::is_blank(c))),
    |text| trimmed_start(text),
    |text| last(text, |segment| suffix(segment, false)),
    |text| last(text, |segment| suffix(segment, true)),
    |text| loose(segments(text, |segment| suffix(segment, false))),
    |text| path(text, |path| path.strip_suffix(b"/").unwrap_or(path).to_vec()),
    |text| path(text, without_authority),
    |text| path(text, without_session),
    |text| path(text, |path| path.iter().map(u8::to_ascii_lowercase).collect()),
];

/// What stands before and behind the first such byte.
pub(super) fn cut(text: &[u8], at: u8) -> Option<(Vec<u8>, Vec<u8>)> {
    let place = text.iter().position(|&byte| byte == at)?;
    Some((text[..place].to_vec(), text[place + 1..].to_vec()))
}

fn path(text: &Text, step: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Text> {
    let path = step(&text.path);
    if path == text.path { Vec::new() } else { vec![Text { path, ..text.clone() }] }
}

fn segments(text: &Text, step: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Text> {
    path(text, |path| path.split(|&byte| byte == b'/').map(&step).collect::<Vec<_>>().join(&b'/'))
}

fn last(text: &Text, step: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Text> {
    loose(path(text, |path| {
        let at = path.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
        [&path[..at], &step(&path[at..])].concat()
    }))
}

fn loose(texts: Vec<Text>) -> Vec<Text> {
    texts.into_iter().map(|text| Text { is_loose: true, ..text }).collect()
}

/// A step on characters. What is not UTF-8 stays as it is.
fn characters(text: &Text, step: impl Fn(&str) -> String) -> Vec<Text> {
    if text.path.is_ascii()
        && !text.path.iter().any(|byte| byte.is_ascii_control() || byte.is_ascii_uppercase())
    {
        return Vec::new();
    }
    path(text, |path| {
        let mut out = Vec::new();
        for chunk in path.utf8_chunks() {
            out.extend_from_slice(step(chunk.valid()).as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        out
    })
}

fn trimmed(text: &Text, step: impl Fn(&str) -> &str) -> Vec<Text> {
    segments(text, |segment| match str::from_utf8(segment) {
        // Dots alone are for the step that resolves them.
        Ok(segment) if segment.chars().all(|c| c == '.') => segment.as_bytes().to_vec(),
        Ok(segment) => step(segment).as_bytes().to_vec(),
        Err(_) => segment.to_vec(),
    })
}

fn trimmed_start(text: &Text) -> Vec<Text> {
    loose(trimmed(text, |segment| segment.trim_start_matches(|c| c == '.' || unicode::is_blank(c))))
}

/// Without what follows the first or the last dot behind a name.
fn suffix(segment: &[u8], first: bool) -> Vec<u8> {
    let name = segment.iter().position(|&byte| byte != b'.').unwrap_or(segment.len());
    let rest = &segment[name..];
    let at = if first {
        rest.iter().position(|&byte| byte == b'.')
    } else {
        rest.iter().rposition(|&byte| byte == b'.')
    };
    at.map_or(segment.to_vec(), |at| segment[..name + at].to_vec())
}

/// `%HH` to bytes, where the byte is wanted.
pub(super) fn decoded(text: &[u8], wanted: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let pair = tail.get(..2).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let value = pair.and_then(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).ok());
        match value.filter(|value| *first == b'%' && wanted(*value)) {
            Some(value) => {
                out.push(value);
                rest = &tail[2..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn decoded_u(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digits = tail.get(1..5).filter(|_| *first == b'%' && matches!(tail[0], b'u' | b'U'));
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| u32::from_str_radix(str::from_utf8(digits).unwrap(), 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                out.extend_from_slice(c.to_string().as_bytes());
                rest = &tail[5..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// UTF-8 forms that are longer than needed. The lax decoder takes any byte for a continuation.
fn overlong(text: &[u8], strict: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&first) = text.get(at) {
        let (length, head) = match first {
            0xc0..=0xdf => (2, first & 0x1f),
            0xe0..=0xef => (3, first & 0x0f),
            0xf0..=0xf7 => (4, first & 0x07),
            _ => (1, first),
        };
        let tail = text.get(at + 1..at + length).unwrap_or_default();
        let is_whole = length > 1 && tail.len() == length - 1;
        let is_strict = tail.iter().all(|byte| byte & 0xc0 == 0x80);
        let code = tail.iter().fold(u32::from(head), |code, &byte| code << 6 | u32::from(byte & 0x3f));
        match char::from_u32(code).filter(|c| is_whole && (is_strict || !strict) && c.is_ascii()) {
            Some(c) => {
                out.extend_from_slice(c.to_string().as_bytes());
                at += length;
            }
            None => {
                out.push(first);
                at += 1;
            }
        }
    }
    out
}

fn merged(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for &byte in path {
        if byte != b'/' || out.last() != Some(&b'/') {
            out.push(byte);
        }
    }
    out
}

fn without_dots(path: &[u8]) -> Vec<u8> {
    if !path.split(|&byte| byte == b'/').any(|segment| segment == b"." || segment == b"..") {
        return path.to_vec();
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_with_dots = false;
    for segment in path.split(|&byte| byte == b'/').skip(1) {
        ends_with_dots = matches!(segment, b"." | b"..");
        match segment {
            b"." => {}
            b".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let tail: &[u8] = if ends_with_dots { b"/" } else { b"" };
    [b"/", kept.join(&b'/').as_slice(), tail].concat()
}

/// A server that decodes before it looks for the query.
fn cut_query(text: &Text) -> Vec<Text> {
    let Some((path, query)) = cut(&text.path, b'?') else { return Vec::new() };
    let query = if text.query.is_empty() { query } else { [&query, b"?".as_slice(), &text.query].concat() };
    vec![Text { path, query, ..text.clone() }]
}

fn without_authority(path: &[u8]) -> Vec<u8> {
    let Some(rest) = path.strip_prefix(b"//").filter(|rest| !rest.starts_with(b"/")) else {
        return path.to_vec();
    };
    rest.iter().position(|&byte| byte == b'/').map_or(b"/".to_vec(), |at| rest[at..].to_vec())
}

/// ASP.NET without cookies: `/(S(x))/a` is `/a`, and `/a/(S(x))b` is `/ab`.
fn without_session(path: &[u8]) -> Vec<u8> {
    let is_start =
        |window: &[u8]| matches!(window, [b'/', b'(', letter, b'('] if letter.is_ascii_alphabetic());
    let Some(start) = path.windows(4).position(is_start) else { return path.to_vec() };
    let Some(end) = path[start..].windows(2).position(|window| window == b"))") else { return path.to_vec() };
    let after = &path[start + end + 2..];
    let before = if after.starts_with(b"/") || start > 0 { &path[..start] } else { &path[..1] };
    let out = [before, after].concat();
    if out.is_empty() { b"/".to_vec() } else { out }
}
