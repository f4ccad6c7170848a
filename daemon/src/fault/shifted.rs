//! A daemon whose wall clock can be stepped while it runs, which the clock of a whole machine cannot be in a test.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

/// The variable that names the file with the shift.
#[doc(hidden)]
pub const SHIFT_VARIABLE: &str = "APIKEYD_FAULT_CLOCK";

static SHIFT_FILE: OnceLock<PathBuf> = OnceLock::new();

/// [`main`](crate::main) of a daemon whose wall clock is ahead of the system's by the milliseconds that stand in the
/// file of [`SHIFT_VARIABLE`], or behind. It is read again with each look at the clock; without it nothing is shifted.
#[doc(hidden)]
#[must_use]
pub fn main_with_shifted_clock() -> ExitCode {
    if let Some(file) = std::env::var_os(SHIFT_VARIABLE) {
        SHIFT_FILE.get_or_init(|| file.into());
    }
    crate::main()
}

/// The time that the clock shows.
pub(crate) fn shifted(ms: u64) -> u64 {
    let shift = SHIFT_FILE.get().and_then(|file| std::fs::read_to_string(file).ok()?.trim().parse().ok());
    ms.saturating_add_signed(shift.unwrap_or(0))
}
