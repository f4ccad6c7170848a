//! Reading the configuration file, and everything that goes before it.

use super::accounts::Accounts;
use super::command_line::CommandLine;
use super::fault::ConfigError;
use super::parse;
use super::place::Place;
use super::text_file::{TextFileError, read_if_there, read_text};
use super::values::Config;
use std::path::Path;

/// Bytes of a configuration file at the most; the annotated example has a few thousand. The TOML parser may hold some
/// hundred times as much.
pub(super) const MAX_CONFIG_BYTES: usize = 64 * 1024;

/// Reads the configuration. Without a file of the command line it is the one at the default place, if something is
/// there; whether it may be missing there is decided by who knows what was in force before.
///
/// # Errors
/// [`ConfigError`] with every fault that was found, each with its file, line and column.
pub fn load(
    command_line: &CommandLine,
    place: &Place,
    accounts: &dyn Accounts,
) -> Result<Config, ConfigError> {
    let unread = |path: &Path, error: TextFileError| ConfigError::of_file(path, error.to_string());
    let (file, text) = match &command_line.config {
        Some(path) => {
            // The daemon remembers it, and another start may be in another directory.
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let text = read_text(&path, MAX_CONFIG_BYTES).map_err(|error| unread(&path, error))?;
            (Some(path), text)
        }
        None => match place.default_config() {
            Some(path) => match read_if_there(path, MAX_CONFIG_BYTES).map_err(|error| unread(path, error))? {
                Some(text) => (Some(path.to_owned()), text),
                None => (None, String::new()),
            },
            None => (None, String::new()),
        },
    };
    parse::parse(&text, file, command_line, place, accounts)
}
