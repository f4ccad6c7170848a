//! A stream of frames, in whatever pieces it arrives.

use super::allocation::within;
use super::input::Input;
use apikeyd_protocol::frame::{Frame, HEADER_BYTES, Header, Status};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::operation::Opcode;

/// Bytes as the sizes of pieces, a zero, and the stream.
pub fn frames(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let sizes = input.until(0);
    let stream = input.rest();
    let whole = split(stream);
    assert_eq!(split_in_pieces(stream, sizes), whole, "in pieces");
    let Split { frames, rest, refused } = whole;
    let written: Vec<u8> =
        frames.iter().flat_map(|(header, body)| [&header.encode()[..], body].concat()).collect();
    assert_eq!([&written[..], rest.as_slice()].concat(), stream, "nothing is lost or made up");
    match refused {
        Some(length) => assert!(usize::try_from(length).unwrap() > MAX_BODY_BYTES),
        None => {
            let announced = rest.first_chunk().map_or(0, |header| Header::decode(header).length);
            assert!(usize::try_from(announced).unwrap() <= MAX_BODY_BYTES, "more than a body is waited for");
            assert!(rest.len() < HEADER_BYTES + MAX_BODY_BYTES, "a whole frame waits");
        }
    }
    for (header, _) in frames {
        assert_eq!(Header::decode(&header.encode()), header);
        assert!(Opcode::from_code(header.opcode).is_none_or(|opcode| opcode.code() == header.opcode));
        assert_eq!(Status::from_code(header.flags_or_status).code(), header.flags_or_status);
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Split {
    frames: Vec<(Header, Vec<u8>)>,
    /// What is not a frame yet, or was refused.
    rest: Vec<u8>,
    /// The length of a body that no frame may have.
    refused: Option<u32>,
}

fn split(stream: &[u8]) -> Split {
    split_in_pieces(stream, &[])
}

/// As a connection does: what is not yet a frame waits for the next piece. Behind the sizes comes all the rest.
fn split_in_pieces(stream: &[u8], sizes: &[u8]) -> Split {
    let mut split = Split::default();
    let mut coming = stream;
    for size in sizes.iter().map(|size| usize::from(*size)).chain([usize::MAX]) {
        let (piece, later) = coming.split_at(size.min(coming.len()));
        coming = later;
        split.rest.extend_from_slice(piece);
        while split.refused.is_none() {
            match within(0, || Frame::split(&split.rest)) {
                Ok(None) => break,
                Ok(Some((frame, behind))) => {
                    split.frames.push((frame.header, frame.body.to_vec()));
                    split.rest = behind.to_vec();
                }
                Err(refused) => {
                    assert_eq!(refused.length, refused.header.length);
                    split.refused = Some(refused.length);
                }
            }
        }
    }
    split
}
