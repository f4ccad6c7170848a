//! What a power cut leaves.

use super::disk::Pending;
use crate::seeded::Seeded;
use std::collections::BTreeMap;

/// What a disk writes whole, or tears.
const SECTOR: usize = 512;

/// Bytes after a cut. A disk writes sectors in any order, so of what no sync followed, each sector has had any
/// number of its writes, in their order; the last of them may be torn at any byte. The length is any that
/// the file had since the sync.
pub(super) fn draw(durable: &[u8], live: &[u8], pending: &[Pending], seeded: &mut Seeded) -> Vec<u8> {
    match seeded.below(4) {
        0 => durable.to_vec(),
        1 => live.to_vec(),
        2 => biased(durable, pending, seeded, 1),
        _ => biased(durable, pending, seeded, 7),
    }
}

/// One write's part of a sector.
struct Version<'p> {
    offset: usize,
    data: &'p [u8],
}

/// Each sector keeps all of its versions in `eighths` of the cases, none as often as that leaves, and any number
/// of them now and then.
fn biased(durable: &[u8], pending: &[Pending], seeded: &mut Seeded, eighths: u64) -> Vec<u8> {
    let mut lengths = vec![durable.len()];
    let mut sectors: BTreeMap<usize, Vec<Version<'_>>> = BTreeMap::new();
    for pending in pending {
        match pending {
            Pending::Length(length) => lengths.push(*length),
            Pending::Write { offset, data } => split(&mut sectors, *offset, data),
        }
    }
    let longest = sectors.last_key_value().map_or(0, |(sector, _)| (sector + 1) * SECTOR);
    let mut bytes = durable.to_vec();
    bytes.resize(longest.max(lengths.iter().copied().max().unwrap_or(0)), 0);
    for versions in sectors.values() {
        let kept = match seeded.below(8) {
            0 => usize::try_from(seeded.below(versions.len() as u64 + 1)).unwrap_or(0),
            chance if chance <= eighths => versions.len(),
            _ => 0,
        };
        for version in &versions[..kept] {
            put(&mut bytes, version.offset, version.data);
        }
        if let Some(torn) = versions.get(kept)
            && seeded.one_in(4)
        {
            let whole = usize::try_from(seeded.below(torn.data.len() as u64 + 1)).unwrap_or(0);
            put(&mut bytes, torn.offset, &torn.data[..whole]);
        }
    }
    let length = seeded.pick(&lengths).copied().unwrap_or(0);
    bytes.truncate(length);
    bytes
}

fn split<'p>(sectors: &mut BTreeMap<usize, Vec<Version<'p>>>, offset: usize, data: &'p [u8]) {
    let (mut offset, mut rest) = (offset, data);
    while !rest.is_empty() {
        let room = SECTOR - offset % SECTOR;
        let (part, behind) = rest.split_at(room.min(rest.len()));
        sectors.entry(offset / SECTOR).or_default().push(Version { offset, data: part });
        offset += part.len();
        rest = behind;
    }
}

fn put(bytes: &mut [u8], offset: usize, data: &[u8]) {
    bytes[offset..offset + data.len()].copy_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mixture_of_two_writes_to_two_sectors_comes_up() {
        let (old, first, second) = ([0; 1024], [1; 1024], [2; 1024]);
        let pending = [
            Pending::Write { offset: 0, data: first.to_vec() },
            Pending::Write { offset: 0, data: second.to_vec() },
        ];
        let mut seen = std::collections::BTreeSet::new();
        let mut torn = 0;
        for seed in 0..2000 {
            let image = draw(&old, &second, &pending, &mut Seeded::new(seed));
            assert_eq!(image.len(), 1024);
            let ends = [image[0], image[511], image[512], image[1023]];
            torn += usize::from(ends[0] != ends[1] || ends[2] != ends[3]);
            seen.insert((ends[0], ends[2]));
        }
        assert_eq!(seen.len(), 9, "{seen:?}");
        assert!(torn > 100, "{torn}");
    }

    #[test]
    fn the_length_is_any_that_the_file_had() {
        let pending = [Pending::Length(4096), Pending::Length(100)];
        let lengths: std::collections::BTreeSet<_> =
            (0..200).map(|seed| draw(&[7; 600], &[7; 100], &pending, &mut Seeded::new(seed)).len()).collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [100, 600, 4096]);
    }
}
