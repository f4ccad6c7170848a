//! Attacks that keep the daemon busy, to use up its time.

use crate::hostile::peer::{Peer, frame, request};
use crate::hostile::siege::Field;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{Empty, Validate};
use apikeyd_protocol::operation::Opcode;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::fs::File;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd};

/// The most descriptors that one message may carry (`SCM_MAX_FD` of Linux).
const MOST_DESCRIPTORS: usize = 253;

/// Requests in one write.
const PIPELINE: u64 = 1024;

/// Connects and closes.
pub(super) fn connects(field: &Field) {
    while !field.is_over() {
        // A full backlog is what this attack is for.
        drop(Peer::silent(&field.socket));
        field.blow();
    }
}

/// Connects and sends nonsense, whether or not it is wanted.
pub(super) fn nonsense(field: &Field) {
    let mut bytes: Vec<u8> = (0..=u8::MAX).cycle().take(MAX_BODY_BYTES).collect();
    let mut round: u8 = 0;
    while !field.is_over() {
        round = round.wrapping_add(1);
        bytes.iter_mut().for_each(|byte| *byte = byte.wrapping_mul(31).wrapping_add(round));
        if let Ok(mut peer) = Peer::silent(&field.socket) {
            let _refused = peer.send(&bytes);
        }
        field.blow();
    }
}

/// Sends frames of the greatest length and reads why they are refused.
pub(super) fn long_frames(field: &Field, connections: usize) {
    let longest = u32::try_from(MAX_BODY_BYTES).expect("a length that fits");
    let long = frame(longest, Opcode::Validate.code(), 0, &[1; MAX_BODY_BYTES]);
    let mut peers = greeted(field, connections);
    while !field.is_over() {
        for peer in &mut peers {
            peer.send(&long).expect("a daemon that reads");
            assert_eq!(peer.answer().expect("an answer").status(), Status::BadRequest);
            field.blow();
        }
    }
}

/// Sends requests that carry as many descriptors as a message can, the socket itself among them.
pub(super) fn descriptors(field: &Field, connections: usize) {
    let file = File::open("/dev/null").expect("a file");
    let bytes = request(Opcode::Status, 1, &Empty {});
    let mut peers = greeted(field, connections);
    while !field.is_over() {
        for peer in &mut peers {
            let mut carried = vec![file.as_fd(); MOST_DESCRIPTORS - 1];
            carried.push(peer.stream.as_fd());
            if send_with(peer, &bytes, &carried) {
                assert_eq!(peer.answer().expect("an answer").status(), Status::Ok);
                field.blow();
            }
        }
    }
}

/// Asks for a thousand unknown keys at once: each costs a look into the store.
pub(super) fn pipelines(field: &Field, connections: usize) {
    let many: Vec<u8> = (0..PIPELINE)
        .flat_map(|number| {
            let key_id = KeyId::new(number * 1_000_003 + 1).expect("an id");
            let digest = KeyDigest::from_bytes([7; KeyDigest::BYTES]);
            request(Opcode::Validate, number, &Validate::new(key_id, digest))
        })
        .collect();
    let mut peers = greeted(field, connections);
    while !field.is_over() {
        for peer in &mut peers {
            peer.send(&many).expect("a daemon that reads");
        }
        for peer in &mut peers {
            for _ in 0..PIPELINE {
                assert_eq!(peer.answer().expect("an answer").status(), Status::Ok);
            }
            field.blow();
        }
    }
}

fn greeted(field: &Field, connections: usize) -> Vec<Peer> {
    (0..connections).map(|_| Peer::greeted(&field.socket)).collect()
}

/// Sends bytes and descriptors in one message; false when the daemon has hung up already, or the kernel says that too
/// many of this user's descriptors are on their way (`ETOOMANYREFS`, unix(7)).
pub(in crate::hostile) fn send_with(peer: &Peer, bytes: &[u8], carried: &[BorrowedFd<'_>]) -> bool {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(carried)), "room for the descriptors");
    match sendmsg(&peer.stream, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::empty()) {
        Ok(sent) => {
            assert_eq!(sent, bytes.len(), "a stream takes so few bytes at once");
            true
        }
        Err(Errno::TOOMANYREFS | Errno::PIPE | Errno::CONNRESET) => false,
        Err(errno) => panic!("sendmsg: {errno}"),
    }
}
