//! Text that goes to a screen or into a log.

/// Whether a character forges a display: it acts instead of being shown, reorders what stands around it, or leaves no
/// mark, so that two texts look alike.
///
/// These are control characters (Unicode category Cc); line and paragraph separator; the bidirectional marks, embeddings,
/// overrides and isolates (Unicode Standard Annex 9, section 2); soft hyphen, zero-width space, joiners of words,
/// annotation and tag characters, the byte order mark. U+200C and U+200D are invisible as well and are not among them:
/// Persian and the Indic scripts spell words with them.
///
/// Names do not hold such characters; logs and the command line escape them.
#[must_use]
pub fn forges_display(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}
