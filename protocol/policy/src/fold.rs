//! The ASCII texts that some back end may turn a character into.
//!
//! A character is near ASCII only if it folds, decomposes, loses a mark, is dropped, or is replaced by the best
//! fit of a Windows code page. `make_table.py` shows how the table is made, and RULES.md says what it means.

#[rustfmt::skip]
mod table;

use table::{DROPPED, LONGER, SEVERAL, SINGLE};

/// The possible fates of a character that is not ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Not ASCII in any reading.
    Other,
    /// Some servers drop it.
    Dropped,
    /// One ASCII character, in lower case; possibly a control, from the private use area.
    One(u8),
    /// Several ASCII characters.
    Text(&'static str),
    /// One of several texts: the index into [`several`].
    Several(u8),
}

/// The fate of a character that is not ASCII.
pub(crate) fn fold(c: char) -> Fold {
    let code = u32::from(c);
    if !may_fold(code) {
        return Fold::Other;
    }
    // Cygwin and SMB clients move characters that Windows reserves in file names to this area and back.
    if let Some(moved) = code.checked_sub(0xf000).and_then(|low| u8::try_from(low).ok()).filter(u8::is_ascii)
    {
        return Fold::One(moved.to_ascii_lowercase());
    }
    if contains(DROPPED, code) {
        return Fold::Dropped;
    }
    if let Some(single) = single(code) {
        return Fold::One(single);
    }
    if let Ok(at) = LONGER.binary_search_by_key(&code, |entry| entry.0) {
        return LONGER.get(at).map_or(Fold::Other, |entry| Fold::Text(entry.1));
    }
    let several = SEVERAL.binary_search_by_key(&code, |entry| entry.0);
    several.ok().and_then(|at| u8::try_from(at).ok()).map_or(Fold::Other, Fold::Several)
}

/// The texts of [`Fold::Several`].
pub(crate) fn several(at: u8) -> &'static [&'static str] {
    SEVERAL.get(usize::from(at)).map_or(&[], |entry| entry.1)
}

/// Number of pages in [`FOLDING`], each of 256 code points. On most pages no character is ASCII in any
/// reading.
const PAGES: usize = 0x200;

/// The pages with a character that folds, one bit each.
const FOLDING: [u64; PAGES / 64] = folding();

/// False for most characters that are [`Fold::Other`].
fn may_fold(code: u32) -> bool {
    let page = usize::try_from(code >> 8).unwrap_or(PAGES);
    // Beyond these pages, every character is looked up.
    FOLDING.get(page / 64).is_none_or(|pages| pages >> (page % 64) & 1 == 1)
}

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "evaluated by the compiler")]
const fn folding() -> [u64; PAGES / 64] {
    let mut pages = [0; PAGES / 64];
    // The part of the private use area that stands for ASCII.
    add(&mut pages, 0xf000, 0xf07f);
    let mut at = 0;
    while at < DROPPED.len() {
        add(&mut pages, DROPPED[at].0, DROPPED[at].1);
        at += 1;
    }
    at = 0;
    while at < SINGLE.len() {
        add(&mut pages, SINGLE[at].0, SINGLE[at].0 + SINGLE[at].1.len() as u32);
        at += 1;
    }
    at = 0;
    while at < LONGER.len() {
        add(&mut pages, LONGER[at].0, LONGER[at].0);
        at += 1;
    }
    at = 0;
    while at < SEVERAL.len() {
        add(&mut pages, SEVERAL[at].0, SEVERAL[at].0);
        at += 1;
    }
    pages
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn add(pages: &mut [u64; PAGES / 64], first: u32, last: u32) {
    let mut page = (first >> 8) as usize;
    while page <= (last >> 8) as usize && page < PAGES {
        pages[page / 64] |= 1 << (page % 64);
        page += 1;
    }
}

fn contains(ranges: &[(u32, u32)], code: u32) -> bool {
    let after = ranges.partition_point(|&(first, _)| first <= code);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|&(_, last)| code <= last)
}

fn single(code: u32) -> Option<u8> {
    let after = SINGLE.partition_point(|&(first, _)| first <= code);
    let (first, run) = after.checked_sub(1).and_then(|at| SINGLE.get(at))?;
    let at = usize::try_from(code.checked_sub(*first)?).ok()?;
    run.get(at).copied().filter(|&to| to != b'^')
}

#[cfg(test)]
mod tests {
    use super::{DROPPED, Fold, LONGER, SEVERAL, SINGLE, fold, may_fold, several};

    #[test]
    fn tables_ascend() {
        assert!(DROPPED.windows(2).all(|pair| pair[0].1 < pair[1].0));
        assert!(
            SINGLE.windows(2).all(|pair| pair[0].0 + u32::try_from(pair[0].1.len()).unwrap() <= pair[1].0)
        );
        assert!(LONGER.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(SEVERAL.windows(2).all(|pair| pair[0].0 < pair[1].0));
        // An index into `SEVERAL` is stored in one byte of a reading, with room for the other tokens.
        assert!(SEVERAL.len() < 0x60);
    }

    /// Leaving out a page would make its characters harmless.
    #[test]
    fn every_character_of_the_tables_is_on_a_page_that_folds() {
        let dropped = DROPPED.iter().flat_map(|&(first, last)| first..=last);
        let single = SINGLE.iter().flat_map(|&(first, run)| first..first + u32::try_from(run.len()).unwrap());
        let others = LONGER.iter().map(|entry| entry.0).chain(SEVERAL.iter().map(|entry| entry.0));
        for code in dropped.chain(single).chain(others).chain(0xf000..0xf080) {
            assert!(may_fold(code), "{code:#x}");
        }
        assert!(!may_fold(u32::from('張')) && !may_fold(u32::from('한')));
    }

    #[test]
    fn characters_fold_to_what_back_ends_make_of_them() {
        for (c, to) in [('é', b'e'), ('\u{212a}', b'k'), ('ſ', b's'), ('ı', b'i'), ('Ａ', b'a'), ('／', b'/')]
        {
            assert_eq!(fold(c), Fold::One(to), "{c}");
        }
        for (c, to) in [
            ('\u{2024}', b'.'),
            ('\u{3000}', b' '),
            ('\u{1680}', b' '),
            ('\u{f02f}', b'/'),
            ('\u{f000}', 0),
            ('α', b'a'),
        ] {
            assert_eq!(fold(c), Fold::One(to), "{c}");
        }
        assert_eq!(fold('…'), Fold::Text("..."));
        assert_eq!(fold('ﬁ'), Fold::Text("fi"));
        for c in ['\u{34f}', '\u{200b}', '\u{200d}', '\u{301}', '\u{fe0f}', '\u{85}', '\u{e0041}'] {
            assert_eq!(fold(c), Fold::Dropped, "{c:?}");
        }
        for c in "張伟иваنह한😀かß".chars().filter(|&c| c != 'ß') {
            assert!(matches!(fold(c), Fold::Other | Fold::One(_)), "{c}");
        }
        assert!(matches!(fold('張'), Fold::Other));
        let Fold::Several(at) = fold('ß') else { panic!("ß") };
        assert_eq!(several(at), ["s", "ss"]);
    }
}
