//! The daemon's settings: command line, environment, file and defaults combined.
//!
//! ```text
//!   command line, APIKEYD_* ──┐
//!   /etc/apikeyd/apikeyd.toml ┼─► [parse] ─► Config        past this point nothing is checked again
//!   defaults of the place   ──┘
//! ```
//!
//! Each value comes from the first of these that names it: the argument, the `APIKEYD_` variable, the file, the
//! service manager (`$STATE_DIRECTORY`), the default.

mod files;
mod parse;
mod place;
mod rights_section;
#[cfg(test)]
mod tests;
pub(crate) mod values;
mod written;

pub use files::{PolicyFileError, load, load_policy};
pub use place::{CommandLine, Place};
pub use rights_section::{Accounts, SystemAccounts};
pub use values::{Config, Limits, LogLevel, Socket};
pub use written::{ConfigError, Diagnostic};
