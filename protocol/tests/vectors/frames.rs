//! Frames: the document's bytes, and what the splitter does at each border.

use crate::{blocks, values};
use apikeyd_protocol::codec::EncodeError;
use apikeyd_protocol::frame::{Frame, HEADER_BYTES, Header, Status, append_answer, append_request};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{Empty, Failure, Operation};
use apikeyd_protocol::operation::Opcode;

fn header(length: u32) -> [u8; HEADER_BYTES] {
    Header { length, opcode: 1, flags_or_status: 0, request_id: 9 }.encode()
}

#[test]
fn the_frames_of_the_document_are_header_and_body() {
    let document = blocks::document();
    let bytes = |name: &str| &document.iter().find(|block| block.name == name).unwrap().bytes;
    let frames = [
        ("frame.request", "Validate.request.key-only", Opcode::Validate.code(), 0, 1),
        ("frame.answer", "Validate.answer.invalid", Opcode::Validate.code(), 0, 1),
        ("frame.failure", "Failure.answer.sentence", Opcode::Save.code(), Status::NotFound.code(), u64::MAX),
    ];
    for (name, body, opcode, flags_or_status, request_id) in frames {
        let example = values::all().into_iter().find(|example| example.name == body).unwrap();
        let length = u32::try_from(example.encoded.len()).unwrap();
        let header = Header { length, opcode, flags_or_status, request_id };
        let (frame, rest) = Frame::split(bytes(name)).unwrap().unwrap();
        assert_eq!((frame.header, frame.body, rest), (header, &example.encoded[..], &[][..]), "{name}");
        assert_eq!([&header.encode()[..], &example.encoded].concat(), *bytes(name), "{name}");
    }
}

#[test]
fn the_length_is_judged_before_a_body_is_waited_for() {
    let limit = u32::try_from(MAX_BODY_BYTES).unwrap();
    assert_eq!(Frame::split(&header(limit)), Ok(None));
    for length in [limit + 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let refused = Frame::split(&header(length)).unwrap_err();
        assert_eq!((refused.length, refused.header.request_id), (length, 9));
        assert!(refused.to_string().contains("above the limit of 65536"));
    }
}

#[test]
fn two_frames_in_one_piece_are_two() {
    let mut bytes = Vec::new();
    append_request(&mut bytes, Opcode::Status, 1, &Empty {}).unwrap();
    append_request(&mut bytes, Opcode::PolicyTest, 2, &Operation::new(b"GET", b"/")).unwrap();
    bytes.push(0xff);
    let (first, rest) = Frame::split(&bytes).unwrap().unwrap();
    let (second, rest) = Frame::split(rest).unwrap().unwrap();
    assert_eq!((first.header.request_id, first.body.len()), (1, 0));
    assert_eq!((second.header.request_id, second.body), (2, &b"\x03GET\x01/"[..]));
    assert_eq!(rest, [0xff]);
}

#[test]
fn what_does_not_fit_leaves_the_buffer_as_it_was() {
    let mut bytes = b"before".to_vec();
    let largest = Failure { message: "x".repeat(MAX_BODY_BYTES - 3) };
    append_answer(&mut bytes, 0xffff, Status::Internal, 1, &largest).unwrap();
    assert_eq!(bytes.len(), 6 + HEADER_BYTES + MAX_BODY_BYTES);
    let before = bytes.clone();
    let one_more = Failure { message: "x".repeat(MAX_BODY_BYTES - 2) };
    assert_eq!(append_answer(&mut bytes, 1, Status::Internal, 1, &one_more), Err(EncodeError));
    assert_eq!(bytes, before);
}

#[test]
fn codes_and_their_names_are_each_other() {
    for opcode in Opcode::ALL {
        assert_eq!(Opcode::from_code(opcode.code()), Some(*opcode));
    }
    let known = |code| Opcode::ALL.iter().any(|opcode| opcode.code() == code);
    for code in (0..=u16::MAX).filter(|code| !known(*code)) {
        assert_eq!(Opcode::from_code(code), None);
    }
    for status in Status::ALL {
        assert_eq!(Status::from_code(status.code()), *status);
    }
    assert_eq!(Status::from_code(13), Status::Other(13));
}
