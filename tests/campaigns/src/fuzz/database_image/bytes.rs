//! Alterations of the file's bytes, as a disk or a hand makes them.

use crate::fuzz::input::Input;

/// Blocks that are chosen by number: what a sector is to a disk.
const BLOCK: usize = 512;

/// One alteration. Places are chosen among the blocks that hold anything, since most of the file is zeros.
pub(super) fn alter(file: &mut Vec<u8>, input: &mut Input<'_>) {
    let held: Vec<usize> = (0..file.len() / BLOCK)
        .filter(|block| file[block * BLOCK..][..BLOCK].iter().any(|byte| *byte != 0))
        .collect();
    if held.is_empty() {
        return;
    }
    let kind = input.below(8);
    let block = held[usize::from(u16::from_le_bytes([input.byte(), input.byte()])) % held.len()] * BLOCK;
    let at = block + usize::from(u16::from_le_bytes([input.byte(), input.byte()])) % BLOCK;
    match kind {
        0 => file[at] ^= 1 << input.below(8),
        1 => file[at] = input.byte(),
        2 => file[block..block + BLOCK].fill(input.byte()),
        3 => {
            let other = held[input.below(256) % held.len()] * BLOCK;
            file.copy_within(other..other + BLOCK, block);
        }
        4 => file.truncate(at),
        5 => {
            let count = input.below(65);
            file.extend_from_slice(input.bytes(count));
        }
        6 => put(file, at & !7, &input.u64().to_le_bytes()),
        _ => put(file, at & !3, &input.u32().to_le_bytes()),
    }
}

fn put(file: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = file.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}
