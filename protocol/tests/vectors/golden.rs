//! Every message against bytes that were made without this crate.

use crate::{blocks, values};
use apikeyd_protocol::codec::DecodeError;
use apikeyd_protocol::operation::Opcode;
use std::collections::BTreeSet;

#[test]
fn every_example_is_the_bytes_of_its_block_and_back() {
    let golden = blocks::golden();
    let examples = values::all();
    let names: Vec<_> = golden.iter().map(|block| block.name.as_str()).collect();
    let unique: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(unique.len(), names.len(), "each name stands once");
    assert_eq!(unique, examples.iter().map(|example| example.name).collect(), "both know the same names");
    for block in &golden {
        let example = examples.iter().find(|example| example.name == block.name).unwrap();
        assert_eq!(example.encoded, block.bytes, "{} is written", block.name);
        let read = (example.read)(&block.bytes).unwrap_or_else(|why| panic!("{}: {why}", block.name));
        assert!(read.is_the_value, "{} is read as its value", block.name);
        assert_eq!(read.written_again, block.bytes, "{} is written again", block.name);
    }
}

#[test]
fn every_opcode_has_a_request_and_an_answer() {
    let golden = blocks::golden();
    for opcode in Opcode::ALL {
        for side in ["request", "answer"] {
            let start = format!("{opcode}.{side}.");
            assert!(golden.iter().any(|block| block.name.starts_with(&start)), "no {start}*");
        }
    }
}

#[test]
fn a_message_cut_short_anywhere_is_refused() {
    for example in values::all() {
        for cut in 0..example.encoded.len() {
            let read = (example.read)(&example.encoded[..cut]);
            assert!(matches!(read, Err(DecodeError::Malformed(_))), "{} cut to {cut} bytes", example.name);
        }
    }
}

#[test]
fn bytes_behind_a_message_are_refused() {
    for example in values::all() {
        for behind in [0x00, 0x01, 0xff] {
            let longer = [&example.encoded[..], &[behind]].concat();
            assert_eq!(
                (example.read)(&longer).err(),
                Some(DecodeError::TrailingBytes(1)),
                "{}",
                example.name
            );
        }
    }
}

/// No value of a single byte anywhere makes the decoder panic, or read something that it would write
/// longer than it came. (It may be read as another value, or shorter: a longer form of an integer.)
#[test]
fn a_message_with_one_byte_changed_is_read_or_refused() {
    for example in values::all() {
        for at in 0..example.encoded.len() {
            for byte in [0x00, 0x01, 0x02, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff] {
                let mut changed = example.encoded.clone();
                changed[at] = byte;
                if let Ok(read) = (example.read)(&changed) {
                    assert!(read.written_again.len() <= changed.len(), "{} at {at}: {byte}", example.name);
                }
            }
        }
    }
}
