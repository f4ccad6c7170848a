//! A disk that takes writes into memory, so that reads continue while the real one refuses writes.
//!
//! redb serves nothing from a handle that has seen an error, and reopening a database after an unfinished
//! commit writes (it recovers). So the database is opened a second time over the same bytes; what redb writes
//! in the process goes into memory and is dropped with the handle.

use redb::StorageBackend;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

const BLOCK: usize = 4096;
const BLOCK_U64: u64 = 4096;

/// Reads come from below, except where something was written since.
#[derive(Debug)]
pub(crate) struct Overlay {
    below: Box<dyn StorageBackend>,
    above: Mutex<Above>,
}

#[derive(Debug)]
struct Above {
    len: u64,
    /// The part of `below` that is still visible: a file that was shortened and then lengthened reads as zeros.
    below_len: u64,
    blocks: BTreeMap<u64, Box<[u8; BLOCK]>>,
}

impl Overlay {
    pub(crate) fn new(below: Box<dyn StorageBackend>) -> io::Result<Self> {
        let len = below.len()?;
        Ok(Self { below, above: Mutex::new(Above { len, below_len: len, blocks: BTreeMap::new() }) })
    }

    fn above(&self) -> MutexGuard<'_, Above> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One block as it is below.
    fn fetch(&self, block: u64, below_len: u64) -> io::Result<Box<[u8; BLOCK]>> {
        let mut bytes = Box::new([0; BLOCK]);
        let start = block * BLOCK_U64;
        let there = below_len.saturating_sub(start).min(BLOCK_U64);
        let there = usize::try_from(there).unwrap_or(BLOCK);
        if let Some(part) = bytes.get_mut(..there).filter(|part| !part.is_empty()) {
            self.below.read(start, part)?;
        }
        Ok(bytes)
    }
}

/// The blocks that a range touches: block, offset in it, bytes of it.
fn pieces(mut offset: u64, mut len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    core::iter::from_fn(move || {
        let inside = usize::try_from(offset % BLOCK_U64).unwrap_or(0);
        let take = (BLOCK - inside).min(len);
        let piece = (offset / BLOCK_U64, inside, take);
        offset += u64::try_from(take).unwrap_or(0);
        len -= take;
        (take > 0).then_some(piece)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> Result<u64, io::Error> {
        Ok(self.above().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        let above = self.above();
        let end = u64::try_from(out.len()).ok().and_then(|len| offset.checked_add(len));
        if end.is_none_or(|end| end > above.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut rest = out;
        for (block, inside, take) in pieces(offset, rest.len()) {
            let Some((part, behind)) = rest.split_at_mut_checked(take) else { break };
            let fetched;
            let bytes = match above.blocks.get(&block) {
                Some(bytes) => bytes,
                None => {
                    fetched = self.fetch(block, above.below_len)?;
                    &fetched
                }
            };
            part.iter_mut().zip(bytes.iter().skip(inside)).for_each(|(to, from)| *to = *from);
            rest = behind;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        let mut above = self.above();
        if len < above.len {
            above.below_len = above.below_len.min(len);
            let first_gone = len.div_ceil(BLOCK_U64);
            above.blocks.split_off(&first_gone);
            let tail = usize::try_from(len % BLOCK_U64).unwrap_or(0);
            if tail > 0
                && let Some(bytes) = above.blocks.get_mut(&(len / BLOCK_U64))
            {
                bytes.iter_mut().skip(tail).for_each(|byte| *byte = 0);
            }
        }
        above.len = len;
        Ok(())
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        let mut above = self.above();
        let mut rest = data;
        for (block, inside, take) in pieces(offset, data.len()) {
            let Some((part, behind)) = rest.split_at_checked(take) else { break };
            if !above.blocks.contains_key(&block) {
                let bytes = self.fetch(block, above.below_len)?;
                above.blocks.insert(block, bytes);
            }
            if let Some(bytes) = above.blocks.get_mut(&block) {
                bytes.iter_mut().skip(inside).zip(part).for_each(|(to, from)| *to = *from);
            }
            rest = behind;
        }
        let end = offset.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        above.len = above.len.max(end);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::InMemoryBackend;

    fn below() -> Box<dyn StorageBackend> {
        let below = InMemoryBackend::new();
        below.set_len(10_000).unwrap();
        below.write(0, &[1; 10_000]).unwrap();
        Box::new(below)
    }

    #[test]
    fn writes_cover_what_is_below_and_leave_it_alone() {
        let overlay = Overlay::new(below()).unwrap();
        overlay.write(4090, &[2; 20]).unwrap();
        let mut out = [0; 40];
        overlay.read(4080, &mut out).unwrap();
        let expected: Vec<u8> = [[1; 10].as_slice(), &[2; 20], &[1; 10]].concat();
        assert_eq!(out.as_slice(), expected);
        let mut out = [0; 40];
        overlay.below.read(4080, &mut out).unwrap();
        assert_eq!(out, [1; 40]);
    }

    #[test]
    fn a_shortened_and_lengthened_disk_reads_as_zeros() {
        let overlay = Overlay::new(below()).unwrap();
        overlay.write(5000, &[2; 10]).unwrap();
        overlay.set_len(5005).unwrap();
        assert!(overlay.read(5000, &mut [0; 10]).is_err(), "past the end");
        overlay.set_len(9000).unwrap();
        let mut out = [9; 12];
        overlay.read(4999, &mut out).unwrap();
        assert_eq!(out, [1, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
        let mut out = [9; 2];
        overlay.read(8500, &mut out).unwrap();
        assert_eq!(out, [0; 2]);
    }
}
