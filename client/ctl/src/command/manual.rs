//! `completions` and `man`: made from the definition of the command line, so that they cannot differ from it.

use crate::arguments::definition;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use clap_complete::Shell;
use std::path::Path;

pub(super) fn completions(shell: Shell, output: &mut Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), "apikeyctl", &mut script);
    output.raw(&script)?;
    Ok(Exit::Done)
}

pub(super) fn pages(directory: &Path, output: &mut Output) -> Result<Exit, Failure> {
    clap_mangen::generate_to(definition(), directory).map_err(|error| {
        Failure::usage(format!("cannot write manual pages into {}: {error}", directory.display()))
    })?;
    output.note(format!("wrote the manual pages into {}", directory.display()));
    Ok(Exit::Done)
}
