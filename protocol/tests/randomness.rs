//! Ids and secrets are uniform: no digit is preferred at any place, and what would prefer one is rejected.
//! The generators here are fixed, so the results are, too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use apikeyd_protocol::key::{ApiKey, KeyId, KeyPrefix};
use core::convert::Infallible;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// SplitMix64 (Steele, Lea and Flood 2014): a good distribution from any seed.
fn split_mix(mut state: u64) -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    move |out: &mut [u8]| {
        for chunk in out.chunks_mut(8) {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Hands out these bytes and then fails.
fn scripted(bytes: &[u8]) -> impl FnMut(&mut [u8]) -> Result<(), &'static str> + '_ {
    let mut left = bytes;
    move |out| {
        let (now, later) = left.split_at_checked(out.len()).ok_or("no more bytes")?;
        out.copy_from_slice(now);
        left = later;
        Ok(())
    }
}

fn generate<E>(fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<ApiKey, E> {
    ApiKey::generate(&KeyPrefix::default(), fill)
}

/// The ten digits of the id and the 43 of the secret.
fn random_digits(key: &ApiKey) -> [u8; 53] {
    let text = key.expose().as_bytes();
    let mut digits = [0; 53];
    digits[..10].copy_from_slice(&text[5..15]);
    digits[10..].copy_from_slice(&text[16..59]);
    digits
}

/// With 62 digits, chi-square has mean 61 and standard deviation 11 at each place. 130 is passed once in
/// a million by chance; taking random bytes modulo 62 gives 143 on the average.
#[test]
fn every_digit_is_as_likely_as_another_at_every_place() {
    const KEYS: u32 = 62 * 200;
    let mut counts = [[0_u32; 62]; 53];
    let mut fill = split_mix(0xa91c_e7d0);
    for _ in 0..KEYS {
        let key = generate(&mut fill).unwrap_or_else(|never| match never {});
        for (place, digit) in random_digits(&key).into_iter().enumerate() {
            counts[place][ALPHABET.iter().position(|known| *known == digit).unwrap()] += 1;
        }
    }
    let expected = f64::from(KEYS) / 62.0;
    let chi_square =
        counts.map(|place| place.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum::<f64>());
    for (place, value) in chi_square.iter().enumerate() {
        assert!((25.0..130.0).contains(value), "place {place}: {value}");
    }
    let (total, mean) = (chi_square.iter().sum::<f64>(), 53.0 * 61.0);
    let deviation = (2.0_f64 * mean).sqrt();
    assert!((total - mean).abs() < 4.0 * deviation, "{total} is not near {mean}");
}

#[test]
fn random_bytes_from_248_on_are_rejected() {
    let id = (1_u64 << 4).to_le_bytes();
    // 64 bytes are drawn at a time: 21 are rejected, and 43 are left, just enough.
    let mut pool = vec![255, 248, 247, 248, 0, 61, 62, 249, 250, 251, 252, 253, 254];
    pool.extend((0..39).chain([255; 12]));
    let key = generate(scripted(&[&id[..], &pool].concat())).ok().unwrap();
    assert_eq!(&key.expose()[16..59], "z0z00123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabc");

    // Too few are left of the first 64, so others are drawn, and no place is left out at the border.
    let pools = [&[255; 50], &[10_u8; 14][..], &[11; 64]].concat();
    let key = generate(scripted(&[&id[..], &pools].concat())).ok().unwrap();
    assert_eq!(&key.expose()[16..59], ["A".repeat(14), "B".repeat(29)].concat());
}

#[test]
fn zero_and_numbers_from_62_to_the_10th_on_are_no_ids() {
    let draws = [0, 0xf, KeyId::END << 4, (KeyId::END << 4) + 0xf, u64::MAX, ((KeyId::END - 1) << 4) + 0xf];
    let draws: Vec<u8> = draws.into_iter().flat_map(u64::to_le_bytes).chain([0; 64]).collect();
    let key = generate(scripted(&draws)).ok().unwrap();
    assert_eq!(key.id().get(), KeyId::END - 1);
    assert_eq!(key.expose().get(..16), Some("akd_1zzzzzzzzzz_"));
}

#[test]
fn without_random_bytes_there_is_no_key() {
    for bytes in [0, 7, 8, 71] {
        assert_eq!(generate(scripted(&vec![0x11; bytes])).err(), Some("no more bytes"), "{bytes}");
    }
}
