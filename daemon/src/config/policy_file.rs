//! The policy table in force, from its file or as compiled in.

use super::text_file::read_text;
use apikeyd_keystore::domain::PolicySource;
use apikeyd_policy::{MAX_FILE_BYTES, PolicyTable};

/// A policy file that cannot be used. One line for each fault, `FILE:LINE:COLUMN: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyFileError(String);

/// Reads the table of a file, which must be there, or gives the compiled-in one.
///
/// # Errors
/// [`PolicyFileError`] with everything that is wrong with the file.
pub fn load(source: &PolicySource) -> Result<PolicyTable, PolicyFileError> {
    let Some(file) = source.file() else { return Ok(PolicyTable::shipped()) };
    let name = file.display();
    let text =
        read_text(file, MAX_FILE_BYTES).map_err(|error| PolicyFileError(format!("{name}: {error}")))?;
    PolicyTable::parse(&text).map_err(|faults| {
        let lines: Vec<_> = faults
            .iter()
            .map(|fault| format!("{name}:{}:{}: {}", fault.line, fault.column, fault.message))
            .collect();
        PolicyFileError(lines.join("\n"))
    })
}
