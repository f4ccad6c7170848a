//! What the revoker and the client processes share: a file, mapped by all, that only the revoker writes to.
//!
//! ```text
//! word 0            keys posted so far
//! words 16-…        for each seat the number of its key, +1; zero while it has had none
//! then, 16 words    for each key that was ever posted: when it ended, bytes of its text, the text
//! ```
//!
//! Keys are only ever added, so a client that is late still finds when the key that it holds has ended.

#![expect(unsafe_code, reason = "memory that several processes map is seen as atomic words")]

use apikeyd_client::ApiKey;
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Places that have a key each, one after the other.
pub const SEATS: usize = 256;

/// Keys at the most: at a thousand revocations a second for more than an hour. Places that no key took cost
/// nothing, the file has holes there.
const KEYS: usize = 4 * 1024 * 1024;

const HEADER_WORDS: usize = 16;
const KEY_WORDS: usize = 16;
const TEXT_WORDS: usize = KEY_WORDS - 2;
const WORDS: usize = HEADER_WORDS + SEATS + KEYS * KEY_WORDS;
const BYTES: usize = WORDS * size_of::<u64>();

/// The mapped file.
#[derive(Debug)]
pub struct Board(MmapRaw);

/// A key that was posted, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posted(u64);

impl Board {
    /// An empty board.
    ///
    /// # Errors
    /// When the file is there already or cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        file.set_len(u64::try_from(BYTES).map_err(io::Error::other)?)?;
        MmapOptions::new().len(BYTES).map_raw(&file).map(Self)
    }

    /// The board of another process, for reading.
    ///
    /// # Errors
    /// When there is no such file, or it is no board.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() != u64::try_from(BYTES).map_err(io::Error::other)? {
            return Err(io::Error::other("this file is no board"));
        }
        MmapOptions::new().len(BYTES).map_raw_read_only(&file).map(Self)
    }

    /// Puts a key on a seat. `ends_at`: when it ends by itself.
    pub fn post(&self, seat: usize, key: &ApiKey, ends_at: Option<u64>) -> Posted {
        let number = self.word(0).fetch_add(1, Ordering::Relaxed);
        let posted = Posted(number);
        let text = key.expose().as_bytes();
        self.key_word(posted, 0).store(ends_at.unwrap_or(0), Ordering::Relaxed);
        self.key_word(posted, 1).store(u64::try_from(text.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        for (at, chunk) in text.chunks(size_of::<u64>()).enumerate() {
            let mut word = [0; size_of::<u64>()];
            word.get_mut(..chunk.len()).expect("a chunk of a word").copy_from_slice(chunk);
            self.key_word(posted, 2 + at).store(u64::from_le_bytes(word), Ordering::Relaxed);
        }
        // After its words: who sees the number sees them, too.
        self.word(HEADER_WORDS + seat).store(number + 1, Ordering::Release);
        posted
    }

    /// Tells that a key's end was answered at that time.
    pub fn end(&self, posted: Posted, answered_at: u64) {
        self.key_word(posted, 0).store(answered_at, Ordering::Release);
    }

    /// The last key of a seat.
    #[must_use]
    pub fn on_seat(&self, seat: usize) -> Option<Posted> {
        self.word(HEADER_WORDS + seat).load(Ordering::Acquire).checked_sub(1).map(Posted)
    }

    /// A key.
    #[must_use]
    pub fn key(&self, posted: Posted) -> ApiKey {
        let words = (2..KEY_WORDS).map(|at| self.key_word(posted, at).load(Ordering::Relaxed));
        let bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        let length = usize::try_from(self.key_word(posted, 1).load(Ordering::Relaxed)).unwrap_or(0);
        ApiKey::parse(bytes.get(..length).unwrap_or_default()).expect("a key that was posted")
    }

    /// From when on a key must not be accepted, as far as that is known yet.
    #[must_use]
    pub fn ended_at(&self, posted: Posted) -> Option<u64> {
        Some(self.key_word(posted, 0).load(Ordering::Acquire)).filter(|at| *at != 0)
    }

    fn key_word(&self, Posted(number): Posted, at: usize) -> &AtomicU64 {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        assert!(number < KEYS, "the board is full: run for a shorter time");
        self.word(HEADER_WORDS + SEATS + number * KEY_WORDS + at)
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at < WORDS);
        // SAFETY: the mapping is BYTES = 8 * WORDS bytes long, as was the file when it was mapped, and nobody cuts
        // it short; it starts on a page of memory and so is aligned, and lives as long as `self`. `at` is inside,
        // any bits are an AtomicU64, and all processes touch the memory by atomic operations of 64 bits alone.
        // Processes that mapped it for reading only load.
        unsafe { &*self.0.as_ptr().cast::<AtomicU64>().add(at) }
    }
}

const _: () = assert!(TEXT_WORDS * size_of::<u64>() >= 112, "room for the text of a key with a long prefix");
