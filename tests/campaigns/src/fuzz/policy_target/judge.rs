//! The second judge, written from the rules alone: slow, plain, row by row.

use super::rules::{Rule, Rules};

/// A verdict, the strictest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    Allow,
    Ambiguous,
    Deny,
}

const USUAL: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const MOST_BYTES: usize = 8192;
const MOST_SEGMENTS: usize = 64;

pub(super) fn judge(rules: &Rules, method: &[u8], target: &[u8]) -> Said {
    let known = |name: &str| USUAL.contains(&name) || rules.rows.iter().any(|row| row.method == Some(name));
    let Some(method) = core::str::from_utf8(method).ok().filter(|name| known(name)) else {
        return Said::Ambiguous;
    };
    let Some(segments) = segments(target) else { return Said::Ambiguous };
    let mut methods = vec![method.to_owned()];
    let mut strictest = Said::Allow;
    for named in overrides(parts(target).1.unwrap_or_default()) {
        match known(&named) {
            true => methods.push(named),
            false => strictest = Said::Ambiguous,
        }
    }
    if methods.iter().any(|method| method == "HEAD") {
        methods.push("GET".to_owned());
    }
    for method in methods {
        strictest = strictest.max(of_method(rules, &method, &segments));
    }
    strictest
}

/// The path, and the query if there is one.
pub(super) fn parts(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (&target[..at], Some(&target[at + 1..])),
        None => (target, None),
    }
}

/// Triplets decoded once, a broken one left as it is.
pub(super) fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let (byte, behind) = triplet(rest).map_or((*first, behind), |byte| (byte, &rest[3..]));
        out.push(byte);
        rest = behind;
    }
    out
}

fn triplet(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The decoded segments of a path with one reading.
fn segments(target: &[u8]) -> Option<Vec<String>> {
    let is_form = !target.is_empty()
        && target.len() <= MOST_BYTES
        && target[0] == b'/'
        && !matches!(target.get(1), Some(b'/' | b'\\'));
    if !is_form || target.iter().any(|byte| *byte <= b' ' || matches!(byte, 0x7f | b'#')) {
        return None;
    }
    let (path, _) = parts(target);
    if path.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"-._~!$&'()*+,=:@/%".contains(byte)) {
        return None;
    }
    let inside = &path[1..];
    let inside = inside.strip_suffix(b"/").unwrap_or(inside);
    if inside.is_empty() {
        return Some(Vec::new());
    }
    let raw: Vec<&[u8]> = inside.split(|byte| *byte == b'/').collect();
    if raw.len() > MOST_SEGMENTS {
        return None;
    }
    raw.into_iter().map(segment).collect()
}

fn segment(raw: &[u8]) -> Option<String> {
    let broken = (0..raw.len()).any(|at| raw[at] == b'%' && triplet(&raw[at..]).is_none());
    let encoded = (0..raw.len()).filter_map(|at| triplet(&raw[at..]));
    let forbidden = encoded.into_iter().any(|byte| byte < b' ' || byte == 0x7f || b"/\\%?#;".contains(&byte));
    let text = String::from_utf8(decoded(raw)).ok()?;
    let only_dots = text.chars().all(|character| matches!(character, '.' | ' '));
    // An empty segment has only dots, too.
    (!broken && !forbidden && !only_dots && !text.chars().any(hides)).then_some(text)
}

/// Invisible characters and those that look like a delimiter.
fn hides(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}' | '\u{a0}' | '\u{61c}' | '\u{1680}' | '\u{2000}'..='\u{200f}' | '\u{2024}'..='\u{2026}'
        | '\u{2028}'..='\u{202f}' | '\u{2044}' | '\u{205f}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{2215}'
        | '\u{29f8}' | '\u{3000}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ff03}' | '\u{ff05}' | '\u{ff0e}'
        | '\u{ff0f}' | '\u{ff1b}' | '\u{ff1f}' | '\u{ff3c}' | '\u{fffd}' | '\u{e0100}'..='\u{e01ef}')
}

/// The methods that `_method=` names, in upper case.
fn overrides(query: &[u8]) -> Vec<String> {
    query
        .split(|byte| *byte == b'&')
        .filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let name = decoded(&pair[..at]);
            let value = decoded(&pair[at + 1..]);
            let names = name.eq_ignore_ascii_case(b"_method") && !value.is_empty();
            names.then(|| String::from_utf8_lossy(&value).to_ascii_uppercase())
        })
        .collect()
}

/// How a row covers a path.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Covers {
    Not,
    Nearly,
    Wholly,
}

fn of_method(rules: &Rules, method: &str, segments: &[String]) -> Said {
    let of_it = rules.rows.iter().filter(|row| row.method.is_none_or(|named| named == method));
    let found: Vec<(Covers, bool)> = of_it
        .map(|row| (covers(rules, row, segments), row.denies))
        .filter(|(how, _)| *how != Covers::Not)
        .collect();
    if found.is_empty() {
        return if rules.default_denies { Said::Deny } else { Said::Allow };
    }
    if found.iter().any(|(how, denies)| *how == Covers::Wholly && *denies) {
        return Said::Deny;
    }
    if found.iter().any(|(how, _)| *how == Covers::Nearly) { Said::Ambiguous } else { Said::Allow }
}

fn covers(rules: &Rules, row: &Rule, segments: &[String]) -> Covers {
    if row.segments.len() != segments.len() {
        return Covers::Not;
    }
    let each = row.segments.iter().zip(segments).map(|(template, segment)| match template {
        None => Covers::Wholly,
        Some(literal) => literal_covers(rules.case_sensitive, literal, segment),
    });
    each.min().unwrap_or(Covers::Wholly)
}

fn literal_covers(case_sensitive: bool, literal: &str, segment: &str) -> Covers {
    let same = |text: &str| text.eq_ignore_ascii_case(literal);
    if segment == literal || !case_sensitive && same(segment) {
        Covers::Wholly
    } else if !segment.is_ascii() || same(segment) || lenient_readings(segment).any(same) {
        Covers::Nearly
    } else {
        Covers::Not
    }
}

/// What a lenient router may take a segment for: without blanks and dots around it, or at the end and without
/// blanks in front; each of these whole, or up to any of its dots.
fn lenient_readings(segment: &str) -> impl Iterator<Item = &str> {
    let around = [' ', '.'];
    let bare = segment.trim_end_matches(around);
    [bare.trim_start_matches(around), bare.trim_start_matches(' ')].into_iter().flat_map(move |text| {
        let cuts = text.match_indices('.').map(move |(at, _)| text[..at].trim_end_matches(around));
        cuts.chain([text]).filter(|reading| !reading.is_empty())
    })
}
