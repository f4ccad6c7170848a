//! A server that normalises (NFKC, without what is invisible) and compares with Unicode's idea of case.

use super::{Request, steps};
use crate::rules::Operation;

pub(crate) fn operations(request: &Request) -> Vec<Operation> {
    let Some(path) = steps::path(&request.target) else { return Vec::new() };
    let normalised: String = steps::text(&steps::decode(path)).chars().flat_map(normalise).collect();
    let path = steps::remove_dot_segments(&steps::merge_slashes(&normalised));
    steps::served(request, &path).into_iter().collect()
}

pub(crate) fn same(literal: &str, segment: &str) -> bool {
    fold(literal) == fold(segment)
}

fn fold(text: &str) -> String {
    // Both ways, because libraries differ: ſ and ı only meet s and i in upper case, the Kelvin sign k in lower.
    text.to_uppercase().to_lowercase().replace('\u{307}', "")
}

/// The part of NFKC_Casefold that gives ASCII.
fn normalise(c: char) -> Vec<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).into_iter().collect(),
        '\u{2024}' | '\u{fe52}' => vec!['.'],
        '\u{2025}' | '\u{fe30}' => vec!['.'; 2],
        '\u{2026}' | '\u{fe19}' => vec!['.'; 3],
        '\u{fe68}' => vec!['\\'],
        '\u{2105}' => vec!['c', '/', 'o'],
        '\u{212a}' => vec!['k'],
        '\u{1d4b6}'..='\u{1d4cf}' => char::from_u32(u32::from(c) - 0x1d4b6 + 0x61).into_iter().collect(),
        '\u{24d0}'..='\u{24e9}' => char::from_u32(u32::from(c) - 0x24d0 + 0x61).into_iter().collect(),
        '\u{ad}'
        | '\u{34f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => Vec::new(),
        _ => vec![c],
    }
}
