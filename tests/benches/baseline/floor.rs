//! The floors of a cached validation: one keyed hash.

use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes that are hashed: about what a key's text is.
const BYTES: usize = 54;

/// Hashes between two looks at the clock.
const CHUNK: u32 = 10_000;

/// Keyed BLAKE3 hashes of 54 bytes in a second, on one thread.
pub(crate) fn blake3(length: Duration) -> f64 {
    let (key, message) = ([7; 32], [5_u8; BYTES]);
    rate(length, || *blake3::keyed_hash(black_box(&key), black_box(&message)).as_bytes())
}

/// SipHash-2-4 with 128 bits of 54 bytes in a second, on one thread.
pub(crate) fn siphash(length: Duration) -> f64 {
    let (key, message) = ([7; 16], [5_u8; BYTES]);
    rate(length, || {
        let mut hasher = SipHasher24::new_with_key(black_box(&key));
        hasher.write(black_box(&message));
        hasher.finish128().as_bytes()
    })
}

/// How often `step` runs in a second.
pub(crate) fn rate<T>(length: Duration, mut step: impl FnMut() -> T) -> f64 {
    let begun = Instant::now();
    let mut done = 0.0;
    while begun.elapsed() < length {
        for _ in 0..CHUNK {
            black_box(step());
        }
        done += f64::from(CHUNK);
    }
    done / begun.elapsed().as_secs_f64()
}
