//! The ways to spoil a file's bytes.

use super::chance::Chance;
use std::ops::Range;

const SECTOR: usize = 512;
const PAGE: usize = 4096;
/// Where redb keeps its header and the roots of the last two commits: every second damage hits it.
const HEADER: usize = 8192;

/// One damage to a file. Places are bytes from its start.
#[derive(Clone, Debug)]
pub enum Spoil {
    /// One bit is another.
    Flip {
        /// The byte.
        at: usize,
        /// The bit, 0 to 7.
        bit: u8,
    },
    /// A sector reads as zeros.
    ZeroSector {
        /// Its start.
        at: usize,
    },
    /// Bytes by chance.
    Garbage {
        /// Which ones.
        at: Range<usize>,
    },
    /// The end is missing.
    Truncate {
        /// What is left.
        to: usize,
    },
    /// Something follows the end.
    Append {
        /// How much.
        bytes: usize,
        /// Zeros, or bytes by chance.
        zeros: bool,
    },
    /// Two pages have changed places.
    SwapPages {
        /// The start of one.
        one: usize,
        /// The start of the other.
        other: usize,
    },
    /// A page is a copy of another one.
    CopyPage {
        /// The start of the original.
        from: usize,
        /// The start of the copy.
        to: usize,
    },
}

impl Spoil {
    /// A damage to a file of this many bytes.
    pub fn draw(chance: &mut Chance, length: usize) -> Self {
        let at = if chance.below(2) == 0 { chance.below(HEADER.min(length)) } else { chance.below(length) };
        let page = |chance: &mut Chance| chance.below(length / PAGE) * PAGE;
        match chance.below(8) {
            0 | 1 => Self::Flip { at, bit: chance.byte() % 8 },
            2 => Self::ZeroSector { at: at - at % SECTOR },
            3 => Self::Garbage { at: at..(at + 1 + chance.below(PAGE)).min(length) },
            4 => Self::Truncate { to: at },
            5 => Self::Append { bytes: 1 + chance.below(2 * 9000), zeros: chance.below(2) == 0 },
            6 => Self::SwapPages { one: at - at % PAGE, other: page(chance) },
            _ => Self::CopyPage { from: page(chance), to: at - at % PAGE },
        }
    }

    /// Does it.
    pub fn apply(&self, bytes: &mut Vec<u8>, chance: &mut Chance) {
        match *self {
            Self::Flip { at, bit } => bytes[at] ^= 1 << bit,
            Self::ZeroSector { at } => {
                let end = (at + SECTOR).min(bytes.len());
                bytes[at..end].fill(0);
            }
            Self::Garbage { ref at } => bytes[at.clone()].fill_with(|| chance.byte()),
            Self::Truncate { to } => bytes.truncate(to),
            Self::Append { bytes: count, zeros } => {
                let added = (0..count).map(|_| if zeros { 0 } else { chance.byte() });
                bytes.extend(added);
            }
            Self::SwapPages { one, other } => {
                let (first, second) = (page(bytes, one), page(bytes, other));
                put(bytes, one, &second);
                put(bytes, other, &first);
            }
            Self::CopyPage { from, to } => {
                let copy = page(bytes, from);
                put(bytes, to, &copy);
            }
        }
    }
}

fn page(bytes: &[u8], at: usize) -> Vec<u8> {
    bytes[at..(at + PAGE).min(bytes.len())].to_vec()
}

fn put(bytes: &mut [u8], at: usize, page: &[u8]) {
    let room = (bytes.len() - at).min(page.len());
    bytes[at..at + room].copy_from_slice(&page[..room]);
}
