//! Attacks that keep the daemon busy, to use up its time.

use crate::hostile::siege::Field;
use apikeyd_kit::bytes::{MOST_DESCRIPTORS, frame, request};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{Empty, Validate};
use apikeyd_protocol::operation::Opcode;
use rustix::io::Errno;
use std::fs::File;
use std::os::fd::{AsFd as _, BorrowedFd};

/// Requests in one write.
const PIPELINE: u64 = 1024;

/// Connects and closes.
pub(super) fn connects(field: &Field) {
    while !field.is_over() {
        // A full backlog is what this attack is for.
        drop(RawClient::connect(&field.socket));
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
        if let Ok(mut peer) = RawClient::connect(&field.socket) {
            let _refused = peer.try_send(&bytes);
        }
        field.blow();
    }
}

/// Sends frames of the greatest length and reads why they are refused.
pub(super) fn long_frames(field: &Field, connections: usize) {
    let long = frame(Opcode::Validate.code(), 0, 1, &[1; MAX_BODY_BYTES]);
    let mut peers = greeted(field, connections);
    while !field.is_over() {
        for peer in &mut peers {
            peer.send(&long);
            assert_eq!(peer.answer().status(), Status::BadRequest);
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
                assert_eq!(peer.answer().status(), Status::Ok);
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
            peer.send(&many);
        }
        for peer in &mut peers {
            for _ in 0..PIPELINE {
                assert_eq!(peer.answer().status(), Status::Ok);
            }
            field.blow();
        }
    }
}

fn greeted(field: &Field, connections: usize) -> Vec<RawClient> {
    (0..connections).map(|_| RawClient::greeted(&field.socket)).collect()
}

/// Sends bytes and descriptors in one message; false when the daemon has hung up already, or the kernel says that too
/// many of this user's descriptors are on their way (`ETOOMANYREFS`, unix(7)).
pub(in crate::hostile) fn send_with(peer: &RawClient, bytes: &[u8], carried: &[BorrowedFd<'_>]) -> bool {
    match peer.try_send_with(bytes, carried) {
        Ok(()) => true,
        Err(Errno::TOOMANYREFS | Errno::PIPE | Errno::CONNRESET) => false,
        Err(errno) => panic!("sendmsg: {errno}"),
    }
}
