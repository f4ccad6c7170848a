//! Attacks that keep connections, to use up places, memory and patience.

use crate::hostile::siege::Field;
use apikeyd_kit::bytes::frame;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Header;
use apikeyd_protocol::hello::WelcomeCode;
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::operation::Opcode;
use std::time::Duration;

/// How often connections are looked after.
const ROUND: Duration = Duration::from_millis(50);

/// Time between two bytes of a frame that trickles.
const BETWEEN_BYTES: Duration = Duration::from_secs(1);

/// Greets and keeps every connection, those that were turned away as well: their descriptors are the attacker's own
/// trouble.
pub(super) fn idle(field: &Field, connections: usize) {
    let mut held = Vec::new();
    while !field.is_over() {
        while held.len() < connections && !field.is_over() {
            // A greeting fails when the daemon has no time for one more refusal.
            held.extend(RawClient::greet(&field.socket).ok());
            field.blow();
        }
        field.rest(ROUND);
    }
}

/// Says nothing, and comes again when the daemon has lost its patience.
pub(super) fn silent(field: &Field, connections: usize) {
    let mut held = Vec::new();
    while !field.is_over() {
        held.retain_mut(|peer: &mut RawClient| !peer.is_closed());
        while held.len() < connections && !field.is_over() {
            held.extend(RawClient::connect(&field.socket).ok());
            field.blow();
        }
        field.rest(ROUND);
    }
}

/// Sends a frame of a thousand bytes, one byte a second on each connection.
pub(super) fn trickle(field: &Field, connections: usize) {
    let whole = frame(Opcode::Status.code(), 0, 1, &[0; 1000]);
    let mut held: Vec<(RawClient, usize)> = Vec::new();
    while !field.is_over() {
        fill(field, connections, &mut held);
        held.retain_mut(|(peer, sent)| {
            let byte = &whole[*sent..=*sent];
            *sent = (*sent + 1) % whole.len();
            field.blow();
            peer.try_send(byte).is_ok()
        });
        field.rest(BETWEEN_BYTES);
    }
}

/// Announces the longest frame, sends one byte of it, and comes again when it was given up.
pub(super) fn claims(field: &Field, connections: usize) {
    let longest = u32::try_from(MAX_BODY_BYTES).expect("a length that fits");
    let header = Header { length: longest, opcode: Opcode::Status.code(), flags_or_status: 0, request_id: 1 };
    let claim = [&header.encode()[..], &[0]].concat();
    let mut held: Vec<(RawClient, usize)> = Vec::new();
    while !field.is_over() {
        held.retain_mut(|(peer, _)| !peer.is_closed());
        let standing = held.len();
        fill(field, connections, &mut held);
        for (peer, _) in &mut held[standing..] {
            if peer.try_send(&claim).is_ok() {
                field.blow();
            }
        }
        field.rest(ROUND);
    }
}

/// Makes connections until there are enough or the daemon accepts no more.
fn fill(field: &Field, connections: usize, held: &mut Vec<(RawClient, usize)>) {
    while held.len() < connections && !field.is_over() {
        match RawClient::greet(&field.socket) {
            Ok((peer, WelcomeCode::Accepted)) => held.push((peer, 0)),
            Ok(_) | Err(_) => return,
        }
    }
}
