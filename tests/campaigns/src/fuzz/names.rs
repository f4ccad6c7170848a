//! User ids and labels.

use super::allocation::within;
use apikeyd_protocol::codec::{decode, encode};
use apikeyd_protocol::message::RetrieveUser;
use apikeyd_protocol::name::{Label, NameError, UserId};

/// Bytes as a text that may be a name.
pub fn names(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else {
        let length = [251, bytes.len().to_le_bytes()[0], bytes.len().to_le_bytes()[1]];
        assert!(
            decode::<RetrieveUser>(&[&length, bytes].concat()).is_err(),
            "a name that is no text came in"
        );
        return;
    };
    // Each of the two is copied once when it is longer than what lies in place.
    let (user, label) = within(1024, || (UserId::parse(text), Label::parse(text)));
    explain(text, 255, user.as_ref().err().copied());
    explain(text, 128, label.as_ref().err().copied());
    let length: &[u8] = &[251, text.len().to_le_bytes()[0], text.len().to_le_bytes()[1]];
    let on_the_wire = [length, bytes].concat();
    match user {
        Ok(user) => {
            assert_eq!((user.as_str(), user.to_string().as_str()), (text, text));
            assert_eq!(user.pack().is_some(), text.len() <= 39);
            assert!(user.pack().is_none_or(|packed| UserId::unpack(&packed) == user));
            let asked = decode::<RetrieveUser>(&on_the_wire).unwrap();
            assert_eq!(asked.user, user);
            let mut written = Vec::new();
            encode(&asked, &mut written).unwrap();
            assert!(written.ends_with(bytes) && written.len() <= on_the_wire.len());
        }
        Err(_) => assert!(text.len() > 65_535 || decode::<RetrieveUser>(&on_the_wire).is_err()),
    }
    if let Ok(label) = label {
        assert_eq!(label.as_str(), text);
        assert!(label.pack().is_none_or(|packed| Label::unpack(&packed) == label));
    }
}

/// Holds the reason against the specification.
fn explain(text: &str, limit: usize, why: Option<NameError>) {
    let outer = text.chars().next().into_iter().chain(text.chars().next_back());
    let expected = if text.is_empty() {
        Some(NameError::Empty)
    } else if text.len() > limit {
        Some(NameError::TooLong { bytes: text.len(), limit })
    } else if let Some((at, character)) = text.char_indices().find(|(_, character)| is_refused(*character)) {
        Some(NameError::Control { code: u32::from(character), at })
    } else {
        outer.clone().any(is_blank).then_some(NameError::OuterSpace)
    };
    assert_eq!(why, expected, "{text:?}");
}

/// As PROTOCOL.md lists them, section 4.
const REFUSED: [(u32, u32); 12] = [
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x180E, 0x180E),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE007F),
];

fn is_refused(character: char) -> bool {
    REFUSED.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(character)))
}

/// `White_Space`, without those that are refused anywhere.
const BLANK: [u32; 17] = [
    0x20, 0xA0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009,
    0x200A, 0x202F, 0x205F, 0x3000,
];

fn is_blank(character: char) -> bool {
    BLANK.contains(&u32::from(character))
}
