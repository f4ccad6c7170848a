//! The transcripts in the README are what a reader gets.

use crate::support::House;
use apikeyd_protocol::key::KeyId;
use std::process::{Command, Stdio};

/// A command of the README and what stands under it.
struct Shown {
    command: String,
    output: String,
}

#[test]
fn the_readme_shows_what_happens() {
    let house = House::open();
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("the README");
    let transcript = transcript(&readme);
    assert!(transcript.len() > 10, "the README has lost its transcripts");
    for Shown { command, output } in transcript {
        let run = Command::new("sh")
            .arg("-c")
            .arg(format!("{{ {command}; }} 2>&1"))
            .current_dir(house.scratch.dir())
            .env(
                "PATH",
                format!("{}:{}", house.scratch.dir().display(), std::env::var("PATH").unwrap_or_default()),
            )
            .env("APIKEYD_SOCKET", house.scratch.socket())
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let got = String::from_utf8_lossy(&run.stdout);
        assert_eq!(blurred(&got), blurred(&output), "\n$ {command}\n{got}");
    }
}

/// The `console` blocks: lines with `$` are commands, the others what they print.
fn transcript(readme: &str) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match (inside, line.strip_prefix("$ "), shown.last_mut()) {
            _ if line == "```console" => inside = true,
            _ if line.starts_with("```") => inside = false,
            (true, Some(command), _) => {
                shown.push(Shown { command: command.to_owned(), output: String::new() })
            }
            (true, None, Some(Shown { output, .. })) => {
                output.push_str(line);
                output.push('\n');
            }
            _ => {}
        }
    }
    shown
}

/// The text with key ids, hashes and numbers blurred: they differ from run to run. An id may look like any
/// word of ten letters, so those are blurred, too.
fn blurred(text: &str) -> String {
    text.split_inclusive(|character: char| !character.is_ascii_alphanumeric())
        .map(|piece| {
            let word = piece.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
            let end = &piece[word.len()..];
            let is_id =
                KeyId::parse(word.as_bytes()).is_ok() && word.bytes().any(|byte| byte.is_ascii_uppercase());
            let is_hash = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
            match (is_id, is_hash, is_number) {
                (true, _, _) => format!("ID{end}"),
                (_, true, _) => format!("HASH{end}"),
                (_, _, true) => format!("N{end}"),
                _ => piece.to_owned(),
            }
        })
        .collect()
}
