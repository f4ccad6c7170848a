//! Characters that hide, and characters that some back end turns into a delimiter.
//!
//! A path that holds one of them is ambiguous. Sources: Unicode's `Default_Ignorable_Code_Point`, `White_Space`
//! and NFKC data; the best-fit tables of Windows code pages 932, 949 and 1250 to 1258; the private-use range
//! into which Cygwin and SMB clients move the characters that Windows reserves.
//!
//! Characters that merely fold to a letter (`ſ`, the Kelvin sign, full-width letters) are not listed: a segment
//! with any non-ASCII character is near every literal already, see `index`. Nor are characters that would need
//! two different mappings to give a delimiter (`½` becomes `1⁄2` with a fraction slash), or a cut to eight bits
//! (`į` is U+012F): they occur in ordinary names, and no server is known to read them so.

/// First and last of each range, ascending.
type Ranges = [(u32, u32)];

/// True for characters that no reader sees, or that reorder what is seen: C1 controls, non-ASCII spaces,
/// zero-width characters, bidi controls, variation selectors, tags, noncharacters, U+FFFD.
pub(crate) fn is_invisible(c: char) -> bool {
    let code = u32::from(c);
    // The last two code points of every plane are noncharacters.
    code & 0xfffe == 0xfffe || contains(INVISIBLE, code)
}

/// True for characters that a back end may read as one of `/ \ . % # ? ;`.
pub(crate) fn is_delimiter_lookalike(c: char) -> bool {
    contains(LOOKALIKES, u32::from(c))
}

fn contains(ranges: &Ranges, code: u32) -> bool {
    let after = ranges.partition_point(|&(first, _)| first <= code);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|&(_, last)| code <= last)
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

const LOOKALIKES: &Ranges = &[
    (0x00a5, 0x00a5), // yen sign: byte 5C of code page 932
    (0x037e, 0x037e), // Greek question mark: NFC makes it ;
    (0x066a, 0x066a), // Arabic percent sign
    (0x2024, 0x2026), // dot leaders, ellipsis
    (0x2044, 0x2044), // fraction slash
    (0x2047, 0x2049), // doubled question marks
    (0x20a9, 0x20a9), // won sign: byte 5C of code page 949
    (0x2100, 0x2101), // a/c, a/s
    (0x2105, 0x2106), // c/o, c/u
    (0x2215, 0x2216), // division slash, set minus
    (0x2571, 0x2572), // box-drawing diagonals
    (0x27cb, 0x27cb), // mathematical rising diagonal
    (0x27cd, 0x27cd), // mathematical falling diagonal
    (0x29f5, 0x29f5), // reverse solidus operator
    (0x29f8, 0x29f9), // big solidus, big reverse solidus
    (0x2afd, 0x2afd), // double solidus operator
    (0x3002, 0x3002), // ideographic full stop: a dot in IDNA
    (0xf000, 0xf0ff), // private use: reserved characters of file names
    (0xfe14, 0xfe14), // vertical semicolon
    (0xfe16, 0xfe16), // vertical question mark
    (0xfe19, 0xfe19), // vertical ellipsis
    (0xfe30, 0xfe30), // vertical two dot leader
    (0xfe52, 0xfe52), // small full stop
    (0xfe54, 0xfe54), // small semicolon
    (0xfe56, 0xfe56), // small question mark
    (0xfe5f, 0xfe5f), // small number sign
    (0xfe68, 0xfe68), // small reverse solidus
    (0xfe6a, 0xfe6a), // small percent sign
    (0xff03, 0xff03), // full-width number sign
    (0xff05, 0xff05), // full-width percent sign
    (0xff0e, 0xff0f), // full-width full stop and solidus
    (0xff1b, 0xff1b), // full-width semicolon
    (0xff1f, 0xff1f), // full-width question mark
    (0xff3c, 0xff3c), // full-width reverse solidus
    (0xff61, 0xff61), // half-width ideographic full stop
    (0xffe5, 0xffe6), // full-width yen and won signs
];

#[cfg(test)]
mod tests {
    use super::{INVISIBLE, LOOKALIKES, is_delimiter_lookalike, is_invisible};

    #[test]
    fn ranges_ascend_and_do_not_touch() {
        for ranges in [INVISIBLE, LOOKALIKES] {
            assert!(ranges.iter().all(|&(first, last)| first <= last && first > 0x7f));
            assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }

    #[test]
    fn edges_of_ranges_are_inside() {
        for c in ['\u{80}', '\u{a0}', '\u{ad}', '\u{2000}', '\u{200f}', '\u{e0fff}', '\u{1ffff}', '\u{fffd}']
        {
            assert!(is_invisible(c), "{c:?}");
        }
        for c in ['\u{a5}', '\u{2024}', '\u{2026}', '\u{ff0f}', '\u{f02f}', '\u{ffe6}'] {
            assert!(is_delimiter_lookalike(c), "{c:?}");
        }
    }

    #[test]
    fn ordinary_text_is_neither() {
        for c in "azAZ09é߀漢字한글עבריתالعربية😀\u{301}½".chars() {
            assert!(!is_invisible(c) && !is_delimiter_lookalike(c), "{c:?}");
        }
    }
}
