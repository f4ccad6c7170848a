//! `policy test`

use super::Judge;
use crate::failure::{Exit, Failure};
use crate::output::text::{visible, visible_bytes};
use crate::output::{Output, Tone};
use crate::request::{Operation, Operations};
use apikeyd_policy::parse_case_line;
use apikeyd_protocol::message::PolicyVerdict;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// Bytes of a line at the most: a target of the largest size that is judged (8,192 bytes), every byte written
/// as `\xHH`, with room for the method; longer ones could only be ambiguous.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// An answer of `policy test`, see JSON.md.
#[derive(Serialize)]
struct JudgedObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    method: Option<String>,
    path: Option<String>,
    verdict: &'static str,
    because: &'a str,
}

pub(crate) fn run(judge: &Judge, operations: &Operations, output: &mut Output) -> Result<Exit, Failure> {
    match operations {
        Operations::One(operation) => {
            let (verdict, because) = judge.judge(operation)?;
            write(None, Some(operation), verdict, &because, output)?;
            Ok(if verdict == PolicyVerdict::Allow { Exit::Done } else { Exit::Refused })
        }
        Operations::File(path) => {
            let unreadable =
                |error: io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
            let file = File::open(path).map_err(unreadable)?;
            lines(judge, file, &path.display().to_string(), output)
        }
        Operations::StandardInput => lines(judge, io::stdin(), "standard input", output),
    }
}

/// Judges line by line. A line that cannot be read is answered, too, so that answers and lines stay in step.
fn lines(judge: &Judge, source: impl Read, name: &str, output: &mut Output) -> Result<Exit, Failure> {
    let mut source = BufReader::with_capacity(MAX_LINE_BYTES, source);
    let mut line = Vec::new();
    let mut number = 0_u64;
    let (mut all_allowed, mut all_readable) = (true, true);
    loop {
        // Whoever feeds one line and waits for its answer must get it.
        if source.buffer().is_empty() {
            output.finish()?;
        }
        if output.is_closed() {
            // Not all was judged, so not all is allowed.
            all_allowed = false;
            break;
        }
        let complete = next_line(&mut source, &mut line)
            .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
        let Some(complete) = complete else { break };
        number += 1;
        let operation = if complete {
            parse_case_line(&line).map_err(|fault| fault.to_string())
        } else {
            Err(format!("the line is longer than {MAX_LINE_BYTES} bytes"))
        };
        match operation {
            Ok((method, target)) => {
                let operation = Operation { method, target };
                let (verdict, because) = judge.judge(&operation)?;
                all_allowed &= verdict == PolicyVerdict::Allow;
                write(Some(number), Some(&operation), verdict, &because, output)?;
            }
            Err(fault) => {
                all_readable = false;
                output.note(format!("{name}, line {number}: {fault}"));
                write(
                    Some(number),
                    None,
                    PolicyVerdict::Ambiguous,
                    &format!("line {number} cannot be read: {fault}"),
                    output,
                )?;
            }
        }
    }
    Ok(match (all_readable, all_allowed) {
        (false, _) => Exit::Usage,
        (true, false) => Exit::Refused,
        (true, true) => Exit::Done,
    })
}

/// Reads a line: `None` at the end, `Some(false)` for one that was too long and was skipped.
fn next_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let mut length = 0_usize;
    loop {
        let buffer = match source.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let piece = buffer.get(..end.map_or(buffer.len(), |end| end + 1)).unwrap_or_default();
        let taken = piece.len();
        if taken == 0 {
            break;
        }
        length = length.saturating_add(taken);
        if length <= MAX_LINE_BYTES {
            line.extend_from_slice(piece);
        }
        source.consume(taken);
        if end.is_some() {
            break;
        }
    }
    Ok((length > 0).then_some(length <= MAX_LINE_BYTES))
}

fn write(
    line: Option<u64>,
    operation: Option<&Operation>,
    verdict: PolicyVerdict,
    because: &str,
    output: &mut Output,
) -> Result<(), Failure> {
    let (word, tone) = match verdict {
        PolicyVerdict::Allow => ("allow", Tone::Good),
        PolicyVerdict::Deny => ("deny", Tone::Bad),
        PolicyVerdict::Ambiguous => ("ambiguous", Tone::Doubtful),
    };
    if output.is_json() {
        let method = operation.map(|operation| visible_bytes(&operation.method));
        let path = operation.map(|operation| visible_bytes(&operation.target));
        return output.object(&JudgedObject { line, method, path, verdict: word, because });
    }
    let word = output.tinted(word, tone);
    output.line(format!("{word}\t{}", visible(because)))
}
