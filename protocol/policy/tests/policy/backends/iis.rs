//! IIS with ASP.NET: `%uHHHH`, decoding twice (`allowDoubleEscaping`), best-fit characters of the code page, `\` as
//! a slash, blanks and dots at the end of a segment dropped, cookieless sessions cut out, case ignored.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let once = decode_u(&steps::text(&steps::decode(path)));
    let twice = decode_u(&steps::text(&steps::decode(once.as_bytes())));
    [once, twice].iter().filter_map(|path| steps::served(request, &normalised(path))).collect()
}

fn normalised(path: &str) -> String {
    let fitted: String = path.chars().map(best_fit).collect();
    let path = steps::merge_slashes(&fitted.replace('\\', "/"));
    let path = steps::remove_dot_segments(&without_sessions(&path));
    let trimmed: Vec<_> = path.split('/').map(|segment| segment.trim_end_matches([' ', '.'])).collect();
    steps::merge_slashes(&trimmed.join("/"))
}

/// `/(S(x))/a` is `/a`, and `/a/(S(x))b` is `/ab`.
fn without_sessions(path: &str) -> String {
    let mut rest = path.to_owned();
    while let Some(start) = rest.find("/(S(") {
        let Some(end) = rest[start..].find("))") else { break };
        let after = rest.split_off(start + end + 2);
        rest.truncate(if after.starts_with('/') { start } else { start + usize::from(start == 0) });
        rest.push_str(&after);
    }
    rest
}

fn decode_u(text: &str) -> String {
    let mut decoded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("%u") {
        decoded.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                decoded.push(c);
                rest = &rest[at + 6..];
            }
            None => {
                decoded.push_str("%u");
                rest = &rest[at + 2..];
            }
        }
    }
    decoded + rest
}

/// From the best-fit tables of code pages 1252, 932 and 949.
fn best_fit(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap(),
        '\u{2024}' => '.',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2216}' | '\u{a5}' | '\u{20a9}' => '\\',
        '\u{66a}' => '%',
        '\u{3000}' | '\u{2000}'..='\u{2006}' => ' ',
        'α' | 'ā' | 'ă' | 'ą' | 'ǎ' => 'a',
        'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ε' => 'e',
        'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ķ' | '\u{212a}' => 'k',
        'π' => 'p',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'σ' => 's',
        'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        _ => c,
    }
}
