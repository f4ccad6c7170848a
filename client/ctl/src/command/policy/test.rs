//! `policy test`

use super::access_log;
use super::judge::{Judge, Judged, word};
use super::reason::Reason;
use super::totals::Totals;
use crate::failure::{Exit, Failure};
use crate::output::{Output, Tone};
use crate::request::{Operations, OwnedOperation};
use crate::text::{visible, visible_bytes};
use apikeyd_client::PolicyVerdict;
use apikeyd_policy::parse_case_line;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// Bytes of a line at the most: a target of the largest size that is judged (8,192 bytes), every byte written
/// as `\xHH`, with room for the method; longer ones could only be ambiguous.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Lines that cannot be read and are named one by one, if totals alone are wanted.
const MAX_NAMED_FAULTS: u64 = 10;

/// An answer of `policy test`, see JSON.md.
#[derive(Serialize)]
struct JudgedObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    method: Option<String>,
    path: Option<String>,
    verdict: &'static str,
    because: &'a str,
    reason: Option<&'static str>,
    row: Option<&'a str>,
}

/// With `only_totals` the verdicts on the lines of a file are counted and not written.
pub(crate) fn run(
    judge: &Judge,
    operations: &Operations,
    only_totals: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let answers = Answers { totals: Totals::default(), only_totals, all_allowed: true, unreadable: 0 };
    match operations {
        Operations::One(operation) => {
            let judged = judge.judge(operation)?;
            write(None, Some(operation), &judged, output)?;
            Ok(if judged.verdict == PolicyVerdict::Allow { Exit::Done } else { Exit::Refused })
        }
        Operations::File(path) => {
            let unreadable =
                |error: io::Error| Failure::usage(format!("cannot read {}: {error}", path.display()));
            let file = File::open(path).map_err(unreadable)?;
            answers.lines(judge, file, &path.display().to_string(), output)
        }
        Operations::StandardInput => answers.lines(judge, io::stdin(), "standard input", output),
    }
}

/// What was answered to the lines so far.
struct Answers {
    totals: Totals,
    only_totals: bool,
    all_allowed: bool,
    unreadable: u64,
}

impl Answers {
    /// Judges line by line. A line that cannot be read is answered, too, so that answers and lines stay in step.
    fn lines(
        mut self,
        judge: &Judge,
        source: impl Read,
        name: &str,
        output: &mut Output,
    ) -> Result<Exit, Failure> {
        let mut source = BufReader::with_capacity(MAX_LINE_BYTES, source);
        let mut line = Vec::new();
        let mut number = 0_u64;
        loop {
            // A caller that feeds one line and waits for its answer must get it.
            if source.buffer().is_empty() {
                output.finish()?;
            }
            if output.is_closed() {
                // Not all was judged, so not all is allowed, and there are no totals.
                self.all_allowed = false;
                return Ok(self.exit());
            }
            let complete = next_line(&mut source, &mut line)
                .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
            let Some(complete) = complete else { break };
            number += 1;
            let operation = if complete {
                operation(&line)
            } else {
                Err(format!("the line is longer than {MAX_LINE_BYTES} bytes"))
            };
            match operation {
                Ok(operation) => self.answer(judge, number, &operation, output)?,
                Err(fault) => self.answer_unreadable(number, &fault, name, output)?,
            }
        }
        if self.only_totals {
            self.totals.write(output)?
        } else {
            self.append_totals(output)?
        }
        Ok(self.exit())
    }

    fn answer(
        &mut self,
        judge: &Judge,
        line: u64,
        operation: &OwnedOperation,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let judged = judge.judge(operation)?;
        self.all_allowed &= judged.verdict == PolicyVerdict::Allow;
        if !self.only_totals {
            write(Some(line), Some(operation), &judged, output)?;
        }
        self.totals.add(judged.verdict, judged.reason);
        Ok(())
    }

    fn answer_unreadable(
        &mut self,
        line: u64,
        fault: &str,
        name: &str,
        output: &mut Output,
    ) -> Result<(), Failure> {
        self.unreadable += 1;
        self.totals.add_unreadable();
        if !self.only_totals || self.unreadable <= MAX_NAMED_FAULTS {
            output.note(format!("{name}, line {line}: {fault}"));
        }
        if self.only_totals {
            return Ok(());
        }
        let because = format!("line {line} cannot be read: {fault}");
        let reason = Reason::unreadable();
        write(Some(line), None, &Judged { verdict: PolicyVerdict::Ambiguous, because, reason }, output)
    }

    /// Behind the last verdict, also where both streams are one file.
    fn append_totals(&self, output: &mut Output) -> Result<(), Failure> {
        output.finish()?;
        self.totals.append(output)
    }

    const fn exit(&self) -> Exit {
        match (self.unreadable, self.all_allowed) {
            (0, true) => Exit::Done,
            (0, false) => Exit::Refused,
            (_, _) => Exit::Usage,
        }
    }
}

/// A line with a tab is `METHOD<TAB>TARGET`; the servers that write access logs escape tabs.
fn operation(line: &[u8]) -> Result<OwnedOperation, String> {
    let logged = if line.contains(&b'\t') { None } else { access_log::parse(line) };
    let (method, target) = match logged {
        Some(logged) => logged,
        None => parse_case_line(line).map_err(|fault| fault.to_string())?,
    };
    Ok(OwnedOperation { method, target })
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
    operation: Option<&OwnedOperation>,
    judged: &Judged,
    output: &mut Output,
) -> Result<(), Failure> {
    let Judged { verdict, because, reason } = judged;
    let tone = match verdict {
        PolicyVerdict::Allow => Tone::Good,
        PolicyVerdict::Deny => Tone::Bad,
        PolicyVerdict::Ambiguous => Tone::Doubtful,
    };
    let word = word(*verdict);
    if output.is_json() {
        let method = operation.map(|operation| visible_bytes(&operation.method));
        let path = operation.map(|operation| visible_bytes(&operation.target));
        let (code, row) = (reason.ambiguity(), reason.row.as_deref());
        return output.object(&JudgedObject {
            line,
            method,
            path,
            verdict: word,
            because,
            reason: code,
            row,
        });
    }
    let word = output.tinted(word, tone);
    output.line(format!("{word}\t{}", visible(because)))
}
