//! Whatever bytes come, in whatever pieces.

use crate::values::raw;
use apikeyd_protocol::codec::{decode, encode};
use apikeyd_protocol::frame::{Frame, HEADER_BYTES, Header};
use apikeyd_protocol::hello::{Hello, Welcome};
use apikeyd_protocol::limit::{MAX_BODY_BYTES, MAX_GREETING_BYTES};
use apikeyd_protocol::message::{
    AuditPage, AuditReport, DaemonStatus, Deleted, FilesInForce, Generate, Generated, KeyPage, Operation,
    PolicyPage, ReportUses, Saved, Statistics, Validate, Verdict,
};
use proptest::collection::vec;
use proptest::prelude::{any, proptest};

/// Splits a stream as a connection does: what is not yet a frame waits for the next piece.
fn split_in_pieces(stream: &[u8], pieces: &[usize]) -> Vec<(Header, Vec<u8>)> {
    let (mut waiting, mut rest, mut frames) = (Vec::new(), stream, Vec::new());
    for size in pieces.iter().copied().chain([usize::MAX]) {
        let (piece, later) = rest.split_at(size.min(rest.len()));
        rest = later;
        waiting.extend_from_slice(piece);
        let mut unread = waiting.as_slice();
        while let Some((frame, behind)) = Frame::split(unread).unwrap() {
            frames.push((frame.header, frame.body.to_vec()));
            unread = behind;
        }
        waiting = unread.to_vec();
    }
    assert!(waiting.is_empty(), "nothing is left over");
    frames
}

/// Reads as many types as there are shapes; what can be read can be written and read again.
macro_rules! read_as_each {
    ($bytes:expr; $($type:ty),+) => {
        $(if let Ok(message) = decode::<$type>($bytes) {
            let mut again = Vec::new();
            encode(&message, &mut again).unwrap();
            assert!(again.len() <= $bytes.len(), "the shortest form is written");
            assert!(decode::<$type>(&again).is_ok());
        })+
    };
}

fn read_all(bytes: &[u8]) {
    read_as_each!(bytes; Validate<'_>, Verdict<'_>, Operation<'_>, Generate, Generated, Saved, Deleted, KeyPage,
        AuditPage, AuditReport, PolicyPage, ReportUses, Statistics, DaemonStatus, FilesInForce);
}

proptest! {
    #[test]
    fn frames_in_pieces_are_the_frames(bodies in vec((any::<u16>(), any::<u16>(), any::<u64>(), raw()), 0..8),
                                       pieces in vec(0_usize..40, 0..60)) {
        let frames: Vec<_> = bodies.into_iter().map(|(opcode, flags_or_status, request_id, body)| {
            let length = u32::try_from(body.len()).unwrap();
            (Header { length, opcode, flags_or_status, request_id }, body)
        }).collect();
        let stream: Vec<u8> =
            frames.iter().flat_map(|(header, body)| [&header.encode()[..], body].concat()).collect();
        assert_eq!(split_in_pieces(&stream, &pieces), frames);
    }

    #[test]
    fn any_bytes_are_split_or_wait_or_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        match Frame::split(&bytes) {
            Ok(Some((frame, rest))) => {
                assert_eq!(HEADER_BYTES + frame.body.len() + rest.len(), bytes.len());
                assert_eq!([&frame.header.encode()[..], frame.body, rest].concat(), bytes);
            }
            Ok(None) => assert!(bytes.len() < HEADER_BYTES + MAX_BODY_BYTES),
            Err(refused) => assert!(usize::try_from(refused.length).unwrap() > MAX_BODY_BYTES),
        }
    }

    #[test]
    fn any_bytes_are_a_greeting_or_none(magic: bool, bytes in vec(any::<u8>(), 0..100), length in 0_u16..200) {
        let welcome = [if magic { &b"apikeyd!"[..] } else { b"" }, &length.to_le_bytes(), &bytes].concat();
        let hello = [if magic { &b"apikeyd?"[..] } else { b"" }, &length.to_le_bytes(), &bytes].concat();
        for taken in [Hello::decode(&hello).map(|read| read.map(|(_, taken)| taken)),
                      Welcome::decode(&welcome).map(|read| read.map(|(_, taken)| taken))] {
            assert!(!matches!(taken, Ok(Some(taken)) if taken > hello.len() || taken > MAX_GREETING_BYTES));
        }
    }

    #[test]
    fn any_body_is_read_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    /// Small values are what lengths, options and cases are made of, so these get further.
    #[test]
    fn bodies_of_small_values_are_read_or_refused(bytes in vec(0_u8..4, 0..120)) {
        read_all(&bytes);
    }
}
