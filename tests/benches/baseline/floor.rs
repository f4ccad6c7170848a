//! The floors: of a cached validation one keyed hash, of a durable save one sync.

use siphasher::sip128::{Hasher128, SipHasher24};
use std::fs::File;
use std::hash::Hasher;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::Path;
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

/// Blocks of 4 KiB written and synced in a second, one after the other, over a file that is there already: the
/// least that a change can cost which is durable before it is answered, alone.
pub(crate) fn sync(path: &Path, length: Duration) -> f64 {
    const BLOCK: [u8; 4096] = [1; 4096];
    const BLOCKS: u64 = 4096;
    let place = |block: u64| block % BLOCKS * 4096;
    let file = File::create(path).unwrap();
    (0..BLOCKS).for_each(|block| file.write_all_at(&BLOCK, place(block)).unwrap());
    file.sync_all().unwrap();
    let begun = Instant::now();
    let mut done = 0_u64;
    while begun.elapsed() < length {
        file.write_all_at(&BLOCK, place(done)).unwrap();
        file.sync_data().unwrap();
        done += 1;
    }
    let rate = done as f64 / begun.elapsed().as_secs_f64();
    std::fs::remove_file(path).unwrap();
    rate
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
