//! A validation and its verdict have a way of their own. It must read the same as the general one from whatever
//! bytes, and write the same bytes.

use crate::values::{freshness, key_id, raw, revocation_cause, text, time};
use apikeyd_protocol::codec::{decode, encode};
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{Operation, Refusal, ValidKey, Validate, Verdict};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{any, proptest};
use proptest::sample::Index;

/// Reads both ways.
fn compare(bytes: &[u8]) {
    match (Validate::decode(bytes), decode::<Validate<'_>>(bytes)) {
        (Ok(read), Ok(expected)) => {
            assert_eq!((read.key_id, read.operation), (expected.key_id, expected.operation));
            assert!(read.digest == expected.digest, "{bytes:02x?}");
        }
        (Err(error), Err(expected)) => assert_eq!(error, expected),
        (read, expected) => panic!("{bytes:02x?}: {} but {}", read.is_ok(), expected.is_ok()),
    }
}

proptest! {
    #[test]
    fn of_any_bytes(bytes in vec(any::<u8>(), 0..120)) {
        compare(&bytes);
    }

    #[test]
    fn of_bytes_that_are_nearly_right(key_id in key_id(), digest: [u8; 32], operation in option::of((raw(), raw())),
                                      changes in vec((any::<Index>(), any::<u8>()), 0..3), end: Index, tail: bool) {
        let operation = operation.as_ref().map(|(method, target)| Operation::new(method, target));
        let message = Validate::new(key_id, KeyDigest::from_bytes(digest)).operation(operation);
        let (mut bytes, mut written) = (Vec::new(), Vec::new());
        encode(&message, &mut bytes).unwrap();
        message.encode(&mut written).unwrap();
        assert_eq!(written, bytes);
        compare(&bytes);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            compare(&bytes);
        }
        compare(&bytes[..end.index(bytes.len())]);
        bytes.extend(tail.then_some(0));
        compare(&bytes);
    }

    #[test]
    fn of_a_verdict(user in text(), label in option::of(text()), key_id in key_id(), expires_at in option::of(time()),
                    freshness in freshness(), reason in revocation_cause(), before in raw()) {
        let valid = ValidKey { user: &user, key_id, label: label.as_deref(), expires_at, freshness };
        for verdict in [Verdict::Valid(valid), Verdict::Refused(Refusal::Revoked(reason)),
                        Verdict::Refused(Refusal::OperationDenied(&user))] {
            let (mut expected, mut written) = (before.clone(), before.clone());
            encode(&verdict, &mut expected).unwrap();
            verdict.encode(&mut written).unwrap();
            assert_eq!(written, expected);
        }
    }

    #[test]
    fn of_numbers_that_are_wider_than_they_need_be(number in 0_u64..300, width in 0_usize..4, length in 0_u8..6) {
        let wide = |number: u64| {
            let (mark, bytes) = [(251, 2), (252, 4), (253, 8), (254, 16)][width];
            let number = u128::from(number).to_le_bytes();
            [&[mark], &number[..bytes]].concat()
        };
        let text = vec![b'x'; length.into()];
        let body = [&wide(number)[..], &[7; 32], &[1], &wide(length.into()), &text, &[length], &text].concat();
        compare(&body);
    }
}

#[test]
fn of_a_body_at_and_above_the_limit() {
    let fixed = [&[1][..], &[7; 32], &[1, 0, 252]].concat();
    for length in [MAX_BODY_BYTES, MAX_BODY_BYTES + 1] {
        let target = vec![b'/'; length - fixed.len() - 4];
        let claimed = u32::try_from(target.len()).unwrap().to_le_bytes();
        let body = [&fixed[..], &claimed, &target].concat();
        assert_eq!(body.len(), length);
        assert_eq!(Validate::decode(&body).is_ok(), length == MAX_BODY_BYTES);
        compare(&body);
    }
}

#[test]
fn what_does_not_fit_a_body_is_not_written() {
    for length in MAX_BODY_BYTES - 80..MAX_BODY_BYTES + 80 {
        let target = vec![b'/'; length];
        let operation = Some(Operation::new(b"GET", &target));
        let (key_id, digest) = (KeyId::new(1).unwrap(), KeyDigest::from_bytes([7; 32]));
        let message = Validate::new(key_id, digest).operation(operation);
        let (mut written, mut expected) = (vec![9], vec![9]);
        assert_eq!(message.encode(&mut written), encode(&message, &mut expected));
        assert!(written == expected, "{length}");
    }
}
