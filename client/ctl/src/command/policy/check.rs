//! `policy check`

use super::file::parse;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::text::visible;
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// The answer of `policy check`, see JSON.md.
#[derive(Serialize)]
struct CheckedObject {
    good: bool,
    rows: usize,
    faults: Vec<FaultObject>,
}

#[derive(Serialize)]
struct FaultObject {
    line: usize,
    column: usize,
    message: String,
}

pub(crate) fn run(path: &Path, output: &mut Output) -> Result<Exit, Failure> {
    let (rows, faults) = match parse(path)? {
        Ok(table) => (table.rows().len(), Vec::new()),
        Err(faults) => (0, faults),
    };
    let exit = if faults.is_empty() { Exit::Done } else { Exit::Refused };
    if output.is_json() {
        let faults = faults.into_iter().map(|fault| FaultObject {
            line: fault.line,
            column: fault.column,
            message: fault.message,
        });
        output.object(&CheckedObject { good: exit == Exit::Done, rows, faults: faults.collect() })?;
        return Ok(exit);
    }
    // In the form that editors jump to, so without the program's name in front.
    let mut stderr = std::io::stderr().lock();
    for fault in &faults {
        let place = format!("{}:{}:{}", path.display(), fault.line, fault.column);
        let _ = writeln!(stderr, "{}: {}", visible(&place), visible(&fault.message));
    }
    if faults.is_empty() {
        output.line(format!("good: {rows} rows"))?;
    }
    Ok(exit)
}
