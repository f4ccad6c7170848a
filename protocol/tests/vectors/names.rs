//! What a user id or a label may hold, by the classes of Unicode.

use apikeyd_protocol::name::{Label, NameError, UserId};

#[test]
fn every_character_alone_is_judged_by_its_class() {
    for character in (0..=0x10_FFFF_u32).filter_map(char::from_u32) {
        let code = u32::from(character);
        let invisible = matches!(code,
            0xAD | 0x61C | 0x180E | 0x200B | 0x200E | 0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF
            | 0xFFF9..=0xFFFB | 0xE0000..=0xE007F);
        let text = character.to_string();
        let expected = if matches!(code, 0..=0x1F | 0x7F..=0x9F) || invisible {
            Err(NameError::Control { code, at: 0 })
        } else if character.is_whitespace() {
            Err(NameError::OuterSpace)
        } else {
            Ok(text.clone())
        };
        assert_eq!(UserId::parse(&text).map(String::from), expected, "U+{code:04X}");
        assert_eq!(Label::parse(&text).map(String::from), expected, "U+{code:04X}");
    }
}

#[test]
fn white_space_inside_is_kept_as_it_is() {
    for text in ["a b", "a\u{a0}b", "a\u{3000}b", "a  b"] {
        assert_eq!(UserId::parse(text).unwrap().as_str(), text);
    }
}

#[test]
fn names_that_differ_in_a_byte_are_two() {
    let pairs = [("root", "Root"), ("é", "e\u{301}"), ("ﬁ", "fi"), ("a b", "a\u{a0}b"), ("K", "\u{212a}")];
    for (one, other) in pairs {
        assert_ne!(UserId::parse(one).unwrap(), UserId::parse(other).unwrap());
    }
}

#[test]
fn the_limits_count_bytes_not_characters() {
    assert!(UserId::parse(&"日".repeat(85)).is_ok());
    assert_eq!(UserId::parse(&"日".repeat(86)), Err(NameError::TooLong { bytes: 258, limit: 255 }));
    assert_eq!(Label::parse(&"é".repeat(65)), Err(NameError::TooLong { bytes: 130, limit: 128 }));
}
