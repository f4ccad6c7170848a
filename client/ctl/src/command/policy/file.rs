//! Reading a policy file.

use crate::failure::{Exit, Failure};
use apikeyd_policy::{Diagnostic, MAX_FILE_BYTES, PolicyTable};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The table of a file that is meant to be used.
pub(super) fn table(path: &Path) -> Result<PolicyTable, Failure> {
    parse(path)?.map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        let name = path.display();
        Failure::new(
            Exit::Usage,
            format!(
                "{name} has {} faults, the first in {first}; `apikeyctl policy check {name}` shows all",
                faults.len()
            ),
        )
    })
}

/// The table of a file, or all its faults.
///
/// # Errors
/// [`Failure`] of usage when the file cannot be read.
pub(super) fn parse(path: &Path) -> Result<Result<PolicyTable, Vec<Diagnostic>>, Failure> {
    let bytes = read(path).map_err(|error| {
        Failure::usage(format!("cannot read the policy file {}: {error}", path.display()))
    })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(PolicyTable::parse(&text)),
        Err(error) => Ok(Err(vec![not_utf8(error.as_bytes(), error.utf8_error().valid_up_to())])),
    }
}

/// One byte more than may be there is read, so that the parser itself refuses a file that is too large.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_utf8(bytes: &[u8], good: usize) -> Diagnostic {
    let before = bytes.get(..good).and_then(|before| std::str::from_utf8(before).ok()).unwrap_or_default();
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    Diagnostic {
        line: before.matches('\n').count() + 1,
        column: last_line.chars().count() + 1,
        message: "the file is not UTF-8 here; save it as UTF-8".to_owned(),
    }
}
