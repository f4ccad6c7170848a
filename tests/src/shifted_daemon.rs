//! A daemon whose wall clock can be stepped while it runs, which the clock of a whole machine cannot be in a test.

use apikeyd::parts::{Clock, Parts};
use apikeyd_client::Timestamp;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The variable that names the file with the shift.
pub const SHIFT_VARIABLE: &str = "APIKEYD_TEST_SHIFT";

/// The daemon with a wall clock that is ahead of the system's by the milliseconds that stand in the file of
/// [`SHIFT_VARIABLE`], or behind. The file is read again with each look at the clock.
///
/// # Panics
/// Without the variable.
#[must_use]
pub(crate) fn main() -> ExitCode {
    let file = PathBuf::from(std::env::var_os(SHIFT_VARIABLE).expect("a file with the shift"));
    let clock = Clock::from_fn(move || shifted(Clock::system().now(), &file));
    apikeyd::main(Parts::system().with_clock(clock))
}

fn shifted(now: Timestamp, file: &Path) -> Timestamp {
    let shift = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok());
    Timestamp::from_unix_millis(now.unix_millis().saturating_add_signed(shift.unwrap_or(0)))
}
