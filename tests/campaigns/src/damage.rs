//! Damaged files: a small database, spoiled in one place and opened.
//!
//! What must come of it is a clear refusal to open, or a store that gives right answers. A key that is accepted
//! though it must not be, a good key that is refused without a word about damage, and a panic are failures.
//!
//! | module | holds |
//! |---|---|
//! | `subject` | the database that is spoiled, and the right answers |
//! | `spoil` | the ways to spoil a file's bytes |
//! | `rows` | the ways to spoil rows behind redb's checksums |
//! | `audit` | the ways to rewrite history |
//! | `asked` | opening a spoiled image and asking everything |
//! | `fixture` | a database that a release left behind |
//! | `tally` | what a run came to |

mod asked;
mod audit;
mod chance;
pub mod fixture;
pub mod long;
mod rows;
mod spoil;
mod subject;
mod tally;

pub use asked::{Outcome, ask};
pub use audit::{Alteration, found_by_verify};
pub use chance::Chance;
pub use rows::spoil_rows;
pub use spoil::Spoil;
pub use subject::{Answer, Subject, open_later};
pub use tally::Tally;

use apikeyd::parts::Parts;

/// Spoils `images` images of the subject by chance, the one numbered `n` by the seed plus `n`, and asks each. Every
/// eighth image is spoiled in its rows, the others in their bytes, half of them as after a kill.
#[must_use]
pub fn damage(subject: &Subject, seed: u64, images: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for number in images {
        let mut chance = Chance::new(seed.wrapping_add(number));
        let mut bytes =
            if number.is_multiple_of(2) { subject.closed.clone() } else { subject.killed.clone() };
        let (what, in_rows) = if number % 8 == 7 {
            bytes.clone_from(&subject.closed);
            (spoil_rows(&mut bytes, &mut chance), true)
        } else {
            let spoil = Spoil::draw(&mut chance, bytes.len());
            spoil.apply(&mut bytes, &mut chance);
            (format!("{spoil:?}"), false)
        };
        let outcome = ask(subject, Parts::system(), bytes, in_rows);
        tally.count(number, &what, outcome);
    }
    tally
}

/// Alters the audit `times` times, each time a fresh copy, and has it checked.
#[must_use]
pub fn rewrite_history(subject: &Subject, seed: u64, times: std::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for number in times {
        let mut chance = Chance::new(seed.wrapping_add(number));
        let alteration = Alteration::draw(&mut chance, subject.head.revision);
        let outcome = found_by_verify(subject, &alteration);
        tally.count(number, &format!("{alteration:?}"), outcome);
    }
    tally
}
