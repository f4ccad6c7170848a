//! The parts that are passed to the keystore: random bytes, and who runs the writer.
//!
//! The time comes with each request. The disk is a part as well: the state directory, or a
//! [`Disk`](crate::Disk) that a campaign passes in.

use core::fmt;
use std::sync::Arc;

/// Who runs the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// Its own thread, which takes what is queued into one transaction while callers queue more.
    OwnThread,
    /// The caller that waits for a change: it lets every task that is ready queue its own, writes what is
    /// queued, and then has its answer. With seeded randomness, a run on one thread is reproducible byte for
    /// byte.
    Caller,
}

/// The source of the daemon's random bytes: for the pepper, ids and secrets of keys, and everything that must
/// not be guessed.
#[derive(Clone, Debug)]
pub struct Randomness(Source);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

#[derive(Clone)]
enum Source {
    System,
    Given(Arc<Fill>),
}

impl Randomness {
    /// The operating system's generator.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// The bytes that `fill` provides, from any thread. Only for reproducible runs: anybody who knows these
    /// bytes knows every key.
    #[must_use]
    pub fn from_fn(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Source::Given(Arc::new(fill)))
    }

    /// Fills with random bytes.
    ///
    /// # Errors
    /// If the operating system provides none; there is no fallback.
    pub fn fill(&self, out: &mut [u8]) -> Result<(), getrandom::Error> {
        match &self.0 {
            Source::System => getrandom::fill(out),
            Source::Given(fill) => {
                fill(out);
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Given(_) => "Given",
        })
    }
}
