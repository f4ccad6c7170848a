//! What servers do to characters.

use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

const BEST_FIT: &str = include_str!("best_fit.tsv");

static FITTED: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
    let row = |line: &str| {
        let (code, fitted) = line.split_once('\t').unwrap();
        let code = char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap();
        (code, fitted.chars().collect())
    };
    BEST_FIT.lines().filter(|line| !line.starts_with('#')).map(row).collect()
});

pub(super) fn nfkc(text: &str) -> String {
    text.nfkc().collect()
}

pub(super) fn without_marks(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).nfc().collect()
}

pub(super) fn lower(text: &str) -> String {
    text.to_lowercase()
}

pub(super) fn folded(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// The first or the last character that a code page has for another one.
pub(super) fn best_fit(text: &str, last: bool) -> String {
    let fit = |c: char| {
        let fitted = FITTED.get(&c).and_then(|all| if last { all.last() } else { all.first() });
        *fitted.unwrap_or(&c)
    };
    text.chars().map(fit).collect()
}

pub(super) fn without_invisible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// Controls, format characters and what else Unicode calls default-ignorable.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
            | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff)
}

pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace()
}
