//! Types that hold a secret cannot be printed, copied or written by accident, and wipe themselves.
//!
//! That no type has a trait that it must not have is checked by the compiler: this file does not build when one gains it.
#![allow(clippy::unwrap_used, reason = "tests")]

use apikeyd_protocol::key::{ApiKey, KeyDigest};
use apikeyd_protocol::message::{Generated, Validate};
use apikeyd_protocol::time::Timestamp;
use core::fmt::Display;
use zeroize::ZeroizeOnDrop;

const KEY: &[u8] = b"akd_1QwErTy0123_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg2whDeR";

/// `some_item` exists twice for a type that has the trait, which makes the last line ambiguous.
macro_rules! assert_not_impl {
    ($type:ty: $($trait:path),+) => {
        const _: fn() = || {
            trait AmbiguousIfImplemented<Marker> {
                fn some_item() {}
            }
            impl<T: ?Sized> AmbiguousIfImplemented<()> for T {}
            $({
                struct Marker;
                impl<T: ?Sized + $trait> AmbiguousIfImplemented<Marker> for T {}
            })+
            let _ = <$type as AmbiguousIfImplemented<_>>::some_item;
        };
    };
}

assert_not_impl!(ApiKey: Display, Clone, Copy, Default, AsRef<str>, AsRef<[u8]>, serde::Serialize);
assert_not_impl!(KeyDigest: Display, Clone, Copy, Default, AsRef<[u8]>);
assert_not_impl!(Generated: Display, Clone, Copy);
assert_not_impl!(Validate<'static>: Display, Clone, Copy);

#[test]
fn debug_shows_nothing_of_a_secret() {
    let key = || ApiKey::parse(KEY).unwrap();
    let (key_id, digest) = (key().id(), key().digest());
    assert_eq!(format!("{:?}", key()), "[REDACTED]");
    assert_eq!(format!("{digest:?}"), "[REDACTED]");
    let generated = Generated { key_id, key: key(), draft_expires_at: Timestamp::MAX_EXPIRY };
    let validate = Validate::new(key_id, digest);
    assert!(format!("{generated:?}").contains("key: [REDACTED], draft_expires_at"));
    assert!(format!("{validate:?}").contains("digest: [REDACTED], operation"));
}

#[test]
fn keys_and_digests_wipe_themselves() {
    fn wipes_itself<T: ZeroizeOnDrop>() {}
    wipes_itself::<ApiKey>();
    wipes_itself::<KeyDigest>();
}

#[test]
fn a_wiped_key_holds_nothing_and_does_not_panic() {
    use zeroize::Zeroize as _;
    let mut key = ApiKey::parse(KEY).unwrap();
    let digest = key.digest();
    key.zeroize();
    assert_eq!(key.expose(), "");
    assert!(key.digest() != digest);
}

#[test]
fn digests_are_equal_in_all_bytes_or_not() {
    let digest = |at: usize, byte| {
        let mut bytes = [7; KeyDigest::BYTES];
        bytes.iter_mut().skip(at).take(1).for_each(|place| *place = byte);
        KeyDigest::from_bytes(bytes)
    };
    for at in 0..KeyDigest::BYTES {
        assert!(digest(at, 7) == digest(0, 7));
        assert!(digest(at, 6) != digest(0, 7), "byte {at}");
    }
}
