//! A database that a release left behind: its file, its pepper, and what must be answered from it for ever.

use super::subject::{Answer, Subject};
use crate::in_memory::{PEPPER, Question};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

const DATABASE: &str = "apikeyd.redb";
const PEPPER_FILE: &str = "pepper";
const ANSWERS: &str = "answers.tsv";

/// Writes a subject into a directory that is there.
///
/// # Errors
/// What the system says.
pub fn write(subject: &Subject, dir: &Path) -> io::Result<()> {
    fs::write(dir.join(DATABASE), &subject.closed)?;
    fs::write(dir.join(PEPPER_FILE), PEPPER)?;
    let mut lines = String::from("# key id\tdigest\tanswer\n");
    for Answer { question, right } in &subject.answers {
        let digest = question.digest.iter().fold(String::new(), |mut hex, byte| {
            let _infallible = write!(hex, "{byte:02x}");
            hex
        });
        let _infallible = writeln!(lines, "{}\t{digest}\t{right}", question.key_id);
    }
    fs::write(dir.join(ANSWERS), lines)
}

/// Reads the answers of a fixture.
///
/// # Errors
/// What the system says.
pub fn answers(dir: &Path) -> io::Result<Vec<Answer>> {
    let text = fs::read_to_string(dir.join(ANSWERS))?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).map(parse).collect())
}

fn parse(line: &str) -> Answer {
    let [key_id, hex, right] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
    }
    let key_id = key_id.parse().unwrap();
    Answer { question: Question { key_id, digest }, right: right.into() }
}
