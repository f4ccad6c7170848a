//! What the daemon runs with: command line, environment, file and defaults brought together.
//!
//! ```text
//!   command line, APIKEYD_* ──┐
//!   /etc/apikeyd/apikeyd.toml ┼─► [parse] ─► Config        past this point nothing is checked again
//!   defaults of the place   ──┘
//! ```
//!
//! For each value the first of these that names it counts: the argument, the `APIKEYD_` variable, the file,
//! the service manager (`$STATE_DIRECTORY`), the default.

pub(crate) mod accounts;
mod command_line;
pub(crate) mod defaults;
mod fault;
mod loading;
mod number;
mod parse;
mod place;
pub mod policy_file;
mod raw;
mod rights_section;
#[cfg(test)]
mod tests;
mod text_file;
mod values;

pub use accounts::{Accounts, SystemAccounts};
pub use command_line::CommandLine;
pub use fault::{ConfigError, Fault};
pub use loading::load;
pub use place::Place;
pub use values::{Config, Limits, LogLevel, Socket};
