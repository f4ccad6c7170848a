//! Characters that the name of a row may not contain, because names go to terminals and logs.
//!
//! Sources: Unicode's `Default_Ignorable_Code_Point` and `White_Space`.

/// First and last of each range, ascending.
type Ranges = [(u32, u32)];

/// True for characters that are invisible or reorder visible ones: C1 controls, non-ASCII spaces, zero-width
/// characters, bidi controls, variation selectors, tags, noncharacters, U+FFFD.
pub(crate) fn is_invisible(c: char) -> bool {
    let code = u32::from(c);
    let after = INVISIBLE.partition_point(|&(first, _)| first <= code);
    // The last two code points of every plane are noncharacters.
    code & 0xfffe == 0xfffe
        || after.checked_sub(1).and_then(|at| INVISIBLE.get(at)).is_some_and(|&(_, last)| code <= last)
}

const INVISIBLE: &Ranges = &[
    (0x0080, 0x00a0),   // C1 controls, no-break space
    (0x00ad, 0x00ad),   // soft hyphen
    (0x034f, 0x034f),   // combining grapheme joiner
    (0x061c, 0x061c),   // Arabic letter mark
    (0x115f, 0x1160),   // Hangul fillers
    (0x1680, 0x1680),   // Ogham space mark
    (0x17b4, 0x17b5),   // Khmer inherent vowels
    (0x180b, 0x180f),   // Mongolian variation selectors and vowel separator
    (0x2000, 0x200f),   // spaces, zero-width characters, direction marks
    (0x2028, 0x202f),   // line and paragraph separator, bidi embeddings, narrow no-break space
    (0x205f, 0x206f),   // mathematical space, word joiner, invisible operators, bidi isolates
    (0x2800, 0x2800),   // blank Braille pattern
    (0x3000, 0x3000),   // ideographic space
    (0x3164, 0x3164),   // Hangul filler
    (0xfdd0, 0xfdef),   // noncharacters
    (0xfe00, 0xfe0f),   // variation selectors
    (0xfeff, 0xfeff),   // byte-order mark
    (0xffa0, 0xffa0),   // half-width Hangul filler
    (0xfff0, 0xfffd),   // specials, annotation marks, replacement characters
    (0x1bca0, 0x1bca3), // shorthand format controls
    (0x1d173, 0x1d17a), // musical format controls
    (0xe0000, 0xe0fff), // tags, variation selectors supplement
];

#[cfg(test)]
mod tests {
    use super::{INVISIBLE, is_invisible};

    #[test]
    fn ranges_ascend_and_do_not_touch() {
        assert!(INVISIBLE.iter().all(|&(first, last)| first <= last && first > 0x7f));
        assert!(INVISIBLE.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    #[test]
    fn edges_of_ranges_are_inside() {
        for c in ['\u{80}', '\u{a0}', '\u{ad}', '\u{2000}', '\u{200f}', '\u{e0fff}', '\u{1ffff}', '\u{fffd}']
        {
            assert!(is_invisible(c), "{c:?}");
        }
    }

    #[test]
    fn ordinary_text_is_not() {
        for c in "azAZ09é߀漢字한글עבריתالعربية😀\u{301}½".chars() {
            assert!(!is_invisible(c), "{c:?}");
        }
    }
}
