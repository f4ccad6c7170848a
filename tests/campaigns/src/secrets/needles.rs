//! What is looked for, and the search.

use std::collections::BTreeMap;

/// Bytes of a piece: far too many to be there by chance.
const PIECE: usize = 16;

const PAGE: usize = 4096;
const BLANK: [u8; PAGE + PIECE] = [0; PAGE + PIECE];

/// Named strings of bytes, looked for all at once, in pieces.
#[derive(Clone, Debug, Default)]
pub struct Needles {
    pieces: Vec<(String, [u8; PIECE])>,
    /// The pieces by their first two bytes.
    by_head: BTreeMap<[u8; 2], Vec<usize>>,
}

impl Needles {
    /// Adds a string of at least 16 bytes: pieces from its start on, and the one at its end.
    pub fn add(&mut self, name: &str, bytes: &[u8]) {
        let starts = (0..=bytes.len() - PIECE).step_by(PIECE).chain([bytes.len() - PIECE]);
        for start in starts {
            let piece: [u8; PIECE] = bytes[start..start + PIECE].try_into().unwrap();
            self.by_head.entry([piece[0], piece[1]]).or_default().push(self.pieces.len());
            self.pieces.push((format!("{name} [{start}..]"), piece));
        }
    }

    /// How many pieces there are.
    #[must_use]
    pub const fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Every place of a piece: its name and the offset.
    #[must_use]
    pub fn find_in(&self, bytes: &[u8]) -> Vec<(&str, usize)> {
        let mut heads = vec![false; 1 << 16];
        self.by_head.keys().for_each(|head| heads[usize::from(u16::from_le_bytes(*head))] = true);
        let mut found = Vec::new();
        for start in (0..bytes.len()).step_by(PAGE) {
            // A piece may begin in one page and end in the next.
            let page = &bytes[start..bytes.len().min(start + PAGE + PIECE - 1)];
            // Most of a process's memory was never written.
            if *page != BLANK[..page.len()] {
                self.find_in_page(page, &heads, &mut |piece, at| {
                    found.push((self.pieces[piece].0.as_str(), start + at));
                });
            }
        }
        found
    }

    fn find_in_page(&self, page: &[u8], heads: &[bool], found: &mut dyn FnMut(usize, usize)) {
        for (at, window) in page.windows(PIECE).enumerate() {
            let head = [window[0], window[1]];
            if heads[usize::from(u16::from_le_bytes(head))] {
                let pieces = self.by_head.get(&head).into_iter().flatten();
                pieces.filter(|piece| self.pieces[**piece].1 == window).for_each(|piece| found(*piece, at));
            }
        }
    }
}
