//! Text that goes to a screen or into a log.

/// Whether a character forges a display: it acts instead of being shown, reorders the text around it, or is
/// invisible, so that two texts look alike.
///
/// These are control characters (Unicode category Cc); line and paragraph separator; the bidirectional marks,
/// embeddings, overrides and isolates (Unicode Standard Annex 9, section 2); soft hyphen, zero-width space,
/// word joiners, annotation and tag characters, and the byte order mark. U+200C and U+200D are invisible too
/// but are not included: Persian and the Indic scripts use them in spelling.
///
/// Names do not contain such characters; logs and the command line escape them.
#[must_use]
pub fn forges_display(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}
