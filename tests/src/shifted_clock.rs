//! A wall clock that can be stepped while daemon and clients run, which the clock of a whole machine cannot be in a test.

use apikeyd::parts::{Clock, Parts};
use apikeyd_client::Timestamp;
use std::path::PathBuf;
use std::process::ExitCode;

/// The variable that names the file with the daemon's shift.
pub const SHIFT_VARIABLE: &str = "APIKEYD_TEST_SHIFT";

/// A clock that is ahead of the system's by the milliseconds that stand in the file, or behind. The file is read again
/// with each look at the clock; without it nothing is shifted.
pub fn shifted_by(file: PathBuf) -> impl Fn() -> Timestamp + Send + Sync + 'static {
    move || {
        let shift = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        Timestamp::from_unix_millis(
            Clock::system().now().unix_millis().saturating_add_signed(shift.unwrap_or(0)),
        )
    }
}

/// The daemon with the clock that the file of [`SHIFT_VARIABLE`] shifts.
#[must_use]
pub(crate) fn daemon_main() -> ExitCode {
    let file = std::env::var_os(SHIFT_VARIABLE).expect("a file with the shift");
    apikeyd::main(Parts::system().with_clock(Clock::from_fn(shifted_by(file.into()))))
}
