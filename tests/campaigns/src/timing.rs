//! Whether the time of a refusal tells how wrong a key is: a test in the manner of dudect.
//!
//! Two questions are asked in an order by chance, each answer is timed, and Welch's t-test says whether the two
//! sets of times have the same mean: over all times, and over those below a number of percentiles, because the
//! slow ones are the machine's doing. Below 4.5 no difference was found; see `docs/TESTING.md` for which pairs
//! must stay below it and which one cannot.
//!
//! | module | holds |
//! |---|---|
//! | `statistics` | the t-test |
//! | `measure` | asking and timing |
//! | `pairs` | what is compared |

pub mod long;
mod measure;
mod pairs;
mod statistics;

pub use measure::{Timed, measure};
pub use pairs::{House, PAIRS, Pair, Promise, compare_tags, early_exit};
pub use statistics::{Welch, largest_t};

/// The largest |t| that counts as no difference.
pub const LIMIT: f64 = 4.5;
