//! Keys and names: what is made is read, what is read is what came, and errors tell nothing of a secret.

use crate::values::text;
use apikeyd_protocol::codec;
use apikeyd_protocol::key::{ApiKey, KeyId, KeyPrefix, looks_like_key};
use apikeyd_protocol::message::Generated;
use apikeyd_protocol::name::{Label, UserId};
use core::convert::Infallible;
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::sample::Index;

fn generate(prefix: &str, random: &[u8]) -> ApiKey {
    let mut source = random.iter().copied().cycle();
    let mut calls = 0_u8;
    ApiKey::generate(&KeyPrefix::parse(prefix.as_bytes()).unwrap(), |out: &mut [u8]| {
        calls = calls.wrapping_add(1);
        // Moves on at every call, so that no sequence of rejected bytes goes on for ever.
        out.iter_mut().zip(&mut source).for_each(|(to, from)| *to = from.wrapping_add(calls));
        Ok::<(), Infallible>(())
    })
    .unwrap_or_else(|never| match never {})
}

proptest! {
    #[test]
    fn a_generated_key_is_read_as_itself(prefix in "[a-z0-9]{2,8}", random in vec(any::<u8>(), 97..=97)) {
        let made = generate(&prefix, &random);
        let text = made.expose();
        let read = ApiKey::parse(text.as_bytes()).ok().unwrap();
        assert_eq!(read.expose(), text);
        assert_eq!(read.id(), made.id());
        assert!(read.digest() == made.digest());
        assert!(looks_like_key(text.as_bytes()));
        let start = format!("{prefix}_1{}_", made.id());
        assert_eq!(text.get(..start.len()), Some(start.as_str()));
    }

    /// CRC-32 finds every error in up to 32 bits in a row.
    #[test]
    fn one_wrong_character_is_always_noticed(random in vec(any::<u8>(), 97..=97), at: Index, byte: u8) {
        let mut text = generate("akd", &random).expose().as_bytes().to_vec();
        let at = at.index(text.len());
        if text[at] != byte {
            text[at] = byte;
            assert!(ApiKey::parse(&text).is_err());
        }
    }

    #[test]
    fn no_error_holds_a_piece_of_the_key(random in vec(any::<u8>(), 97..=97), at: Index, byte: u8) {
        let key = generate("akd", &random);
        let mut text = key.expose().as_bytes().to_vec();
        let at = at.index(text.len());
        text[at] = byte;
        let body = [&[1, 65][..], &text, &[0]].concat();
        let errors = [
            ApiKey::parse(&text).err().map(|why| format!("{why} {why:?}")),
            codec::decode::<Generated>(&body).err().map(|why| format!("{why} {why:?}")),
        ];
        let secret = &key.expose()[16..];
        // Four characters of a random secret are a word of the sentence now and then; eight never are.
        for error in errors.into_iter().flatten() {
            assert!(secret.as_bytes().windows(8).all(|piece| !holds(error.as_bytes(), piece)), "{error}");
        }
    }

    #[test]
    fn any_bytes_are_a_key_or_none(bytes in vec(any::<u8>(), 0..100)) {
        let _ = looks_like_key(&bytes);
        let _ = KeyId::parse(&bytes);
        let _ = KeyPrefix::parse(&bytes);
        if let Ok(key) = ApiKey::parse(&bytes) {
            assert_eq!(key.expose().as_bytes(), bytes);
        }
    }

    #[test]
    fn text_in_the_shape_of_a_key_is_a_key_or_none(text in "[a-z0-9_]{1,9}_[0-2][0-9A-Za-z]{10}_[0-9A-Za-z]{49}") {
        if let Ok(key) = ApiKey::parse(text.as_bytes()) {
            assert_eq!(key.expose(), text);
        }
    }

    #[test]
    fn an_id_is_its_ten_digits(value in 1..KeyId::END) {
        let id = KeyId::new(value).unwrap();
        assert_eq!(KeyId::parse(&id.to_digits()), Ok(id));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    /// Ids in the order of their numbers are in the order of their digits.
    #[test]
    fn digits_keep_the_order(one in 1..KeyId::END, other in 1..KeyId::END) {
        let (one, other) = (KeyId::new(one).unwrap(), KeyId::new(other).unwrap());
        assert_eq!(one.cmp(&other), one.to_digits().cmp(&other.to_digits()));
    }

    #[test]
    fn a_name_is_kept_byte_by_byte(text in text()) {
        if let Ok(user) = UserId::parse(&text) {
            assert_eq!(user.as_str(), text);
        }
        assert!(Label::parse(&text).is_err() || UserId::parse(&text).is_ok(), "a label is a user id, but for its length");
    }
}

fn holds(text: &[u8], piece: &[u8]) -> bool {
    text.windows(piece.len()).any(|window| window == piece)
}
