//! Greetings of both directions.

use super::allocation::within;
use apikeyd_protocol::hello::{GreetingError, HELLO_BYTES, Hello, WELCOME_BYTES, Welcome};
use apikeyd_protocol::limit::MAX_GREETING_BYTES;
use apikeyd_protocol::right::RightSet;

/// Bytes as a hello and as a welcome.
pub fn hello(bytes: &[u8]) {
    // A longer input tells no more: no greeting is longer.
    let bytes = &bytes[..bytes.len().min(MAX_GREETING_BYTES + 8)];
    within(0, || {
        if let Some((hello, taken)) = steady(bytes, Hello::decode) {
            assert!((HELLO_BYTES..=MAX_GREETING_BYTES).contains(&taken));
            let again = hello.encode();
            // All but the length and the two reserved bytes, which a reader skips.
            assert_eq!((&again[..8], &again[10..14]), (&bytes[..8], &bytes[10..14]));
            assert_eq!(again[16..], bytes[16..24]);
            assert_eq!(Hello::decode(&again), Ok(Some((hello, HELLO_BYTES))));
        }
        if let Some((welcome, taken)) = steady(bytes, Welcome::decode) {
            assert!((WELCOME_BYTES..=MAX_GREETING_BYTES).contains(&taken));
            let again = welcome.encode();
            assert_eq!((&again[..8], &again[10..32]), (&bytes[..8], &bytes[10..32]));
            assert_eq!(again[40..], bytes[40..48]);
            let rights = u32::from_le_bytes([bytes[32], bytes[33], bytes[34], bytes[35]]);
            assert_eq!(
                welcome.rights,
                RightSet::from_bits(rights),
                "unknown rights are dropped, known ones kept"
            );
            assert_eq!(Welcome::decode(&again), Ok(Some((welcome, WELCOME_BYTES))));
        }
    });
}

/// What all bytes are read as, if each beginning of them said the same or asked for more.
fn steady<T: PartialEq + core::fmt::Debug>(
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<Option<(T, usize)>, GreetingError>,
) -> Option<(T, usize)> {
    let whole = decode(bytes);
    for length in 0..bytes.len() {
        match decode(&bytes[..length]) {
            Ok(None) => {}
            said => assert_eq!(said, whole, "{length} bytes say one thing and {} another", bytes.len()),
        }
    }
    let (read, taken) = whole.ok()??;
    assert!(taken <= bytes.len(), "{taken} bytes are taken of {}", bytes.len());
    Some((read, taken))
}
