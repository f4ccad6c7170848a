//! `PROTOCOL.md` against the code: every example, every code, every limit.

use crate::{blocks, values};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::WelcomeCode;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::{limit, page};
use std::collections::BTreeSet;

const DOCUMENT: &str = include_str!("../../PROTOCOL.md");

/// Blocks that are no body; `greeting` and `frames` test them.
const OTHERS: [&str; 6] = [
    "hello",
    "welcome.accepted",
    "welcome.unsupported-version",
    "frame.request",
    "frame.answer",
    "frame.failure",
];

fn must_hold(text: &str) {
    assert!(DOCUMENT.contains(text), "PROTOCOL.md does not hold {text:?}");
}

#[test]
fn every_example_of_the_document_is_the_message_of_its_name() {
    let examples = values::all();
    let mut seen = BTreeSet::new();
    for block in blocks::document() {
        assert!(seen.insert(block.name.clone()), "{} stands twice", block.name);
        if OTHERS.contains(&block.name.as_str()) {
            continue;
        }
        let example = examples.iter().find(|example| example.name == block.name);
        let example = example.unwrap_or_else(|| panic!("{} is no known example", block.name));
        let read = (example.read)(&block.bytes).unwrap_or_else(|why| panic!("{}: {why}", block.name));
        assert!(read.is_the_value, "{} is read as its value", block.name);
        assert_eq!(read.written_again, block.bytes, "{} is written again", block.name);
    }
    assert!(OTHERS.iter().all(|name| seen.contains(*name)), "{seen:?}");
    assert!(seen.contains("Failure.answer.sentence"));
    for opcode in Opcode::ALL {
        for side in ["request", "answer"] {
            let start = format!("{opcode}.{side}.");
            assert!(seen.iter().any(|name| name.starts_with(&start)), "no example of {start}*");
        }
    }
}

#[test]
fn every_code_stands_in_its_table() {
    for opcode in Opcode::ALL {
        let (code, right) = (opcode.code(), opcode.right());
        let start = format!("| {code} | [`{opcode}`](#{}) | {right} |", opcode.to_string().to_lowercase());
        let row = DOCUMENT.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{start}"));
        let repeat = if opcode.is_repeatable() { "yes" } else { "no" };
        assert!(row.ends_with(&format!("| {repeat} | {} |", opcode.since())), "{row}");
        must_hold(&format!("\n### {opcode}\n"));
    }
    for status in Status::ALL {
        must_hold(&format!("\n| {} | `{status:?}` | `{status}` |", status.code()));
        let retry = if status.is_retryable() { "yes" } else { "no" };
        let row =
            DOCUMENT.lines().find(|line| line.contains(&format!("| `{status:?}` | `{status}` |"))).unwrap();
        assert!(*status == Status::Ok || row.ends_with(&format!("| {retry} |")), "{row}");
    }
    let codes = [
        WelcomeCode::Accepted,
        WelcomeCode::BadHello,
        WelcomeCode::UnsupportedVersion,
        WelcomeCode::NotPermitted,
        WelcomeCode::TooManyConnections,
        WelcomeCode::ShuttingDown,
    ];
    for code in codes {
        must_hold(&format!("\n| {} | `{code:?}` |", code.code()));
    }
}

#[test]
fn every_limit_stands_in_its_table() {
    let limits = [
        ("bytes of a body", limit::MAX_BODY_BYTES),
        ("requests in flight", limit::MAX_IN_FLIGHT),
        ("bytes of a greeting", limit::MAX_GREETING_BYTES),
        ("bytes of a user id", limit::MAX_USER_BYTES),
        ("bytes of a label", limit::MAX_LABEL_BYTES),
        ("items in a page", limit::MAX_PAGE_ITEMS.into()),
        ("uses in a report", limit::MAX_USES.into()),
        ("counters", limit::MAX_COUNTERS.into()),
        ("milliseconds for the hello", usize::try_from(limit::HELLO_TIMEOUT.as_millis()).unwrap()),
    ];
    for (name, value) in limits {
        must_hold(&format!("\n| {name} | {value} |"));
    }
}

#[test]
fn the_layout_of_the_page_is_that_of_the_document() {
    must_hold(&format!("The page is {},{} words", page::WORDS / 1000, page::WORDS % 1000));
    must_hold(&format!("| bytes | `u64` | size of the page, {} in this layout |", page::BYTES));
    must_hold(&format!("the bytes `akdpage1` read as a little-endian number, {};", page::MAGIC));
    must_hold(&format!("| {} to {} | generations |", page::HEADER_WORDS, page::WORDS - 1));
    must_hold(&format!("the daemon sets it {} s ahead", page::LEASE.as_secs()));
    must_hold(&format!("a clock that is at most {} s behind", page::CLOCK_LAG.as_secs()));
    must_hold("generation number *slot* mod 65536");
    assert_eq!(page::GENERATIONS, 65_536);
}

#[test]
fn the_key_of_the_document_is_the_first_vector() {
    let line = include_str!("keys.txt").lines().find(|line| line.starts_with("good\t")).unwrap();
    let fields: Vec<_> = line.split('\t').collect();
    let (key, id, digest) = (fields[2], fields[4], fields[5]);
    assert_eq!(key, values::KEY);
    for text in [key, id, digest] {
        must_hold(text);
    }
}
