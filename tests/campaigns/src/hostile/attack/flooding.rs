//! Attacks that ask for more than is answered: the same requests over and over, as many as the socket takes.

use crate::hostile::largest;
use crate::hostile::siege::Field;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::hello::WelcomeCode;
use apikeyd_protocol::operation::Opcode;
use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

/// How often connections are looked after.
const ROUND: Duration = Duration::from_millis(10);

/// What costs the daemon more than the caller.
const COSTLY: [Opcode; 5] =
    [Opcode::AuditVerify, Opcode::List, Opcode::AuditList, Opcode::ReportUses, Opcode::Backup];

/// What one connection says, over and over.
#[derive(Clone, Debug)]
struct Part {
    requests: Arc<[u8]>,
    /// Whether it begins again at the end.
    repeats: bool,
    /// Whether it takes its answers off the socket. Descriptors that come with them are closed by the kernel.
    reads: bool,
}

/// One connection.
struct Voice {
    peer: RawClient,
    part: Part,
    sent: usize,
}

/// Asks for the same as often as the sockets take it, and never reads.
pub(in crate::hostile) fn unread(field: &Field, connections: usize, opcode: Opcode) {
    let requests = largest::many(opcode);
    flood(field, connections, &[Part { requests, repeats: true, reads: false }]);
}

/// Asks for the same this often on each connection, and never reads.
pub(in crate::hostile) fn unread_some(field: &Field, connections: usize, opcode: Opcode, times: u64) {
    let requests = (0..times).flat_map(|request_id| largest::of(opcode, request_id)).collect();
    flood(field, connections, &[Part { requests, repeats: false, reads: false }]);
}

/// Asks for the same as often as it is answered.
pub(in crate::hostile) fn read(field: &Field, connections: usize, opcode: Opcode) {
    let requests = largest::many(opcode);
    flood(field, connections, &[Part { requests, repeats: true, reads: true }]);
}

/// Asks for all that is costly, each kind on connections of its own. Half of them never read; those that ask for
/// backups do, or the copies would fill the machine's disk before the daemon's bounds are reached.
pub(super) fn costly(field: &Field, connections: usize) {
    let requests = COSTLY.map(|opcode| (opcode, largest::many(opcode)));
    let parts: Vec<Part> = [true, false]
        .into_iter()
        .flat_map(|reads| {
            requests.iter().map(move |(opcode, requests)| Part {
                requests: Arc::clone(requests),
                repeats: true,
                reads: reads || *opcode == Opcode::Backup,
            })
        })
        .collect();
    flood(field, connections, &parts);
}

/// Lets the connections take these parts in turn until it is called off. One that the daemon ends is made again.
fn flood(field: &Field, connections: usize, parts: &[Part]) {
    let mut voices: Vec<Voice> = Vec::new();
    let mut parts_in_turn = parts.iter().cycle();
    while !field.is_over() {
        while voices.len() < connections && !field.is_over() {
            let Ok((peer, WelcomeCode::Accepted)) = RawClient::greet(&field.socket) else { break };
            peer.stream.set_nonblocking(true).expect("a socket");
            voices.extend(parts_in_turn.next().map(|part| Voice { peer, part: part.clone(), sent: 0 }));
        }
        voices.retain_mut(|voice| voice.speak(field) && voice.listen());
        field.rest(ROUND);
    }
}

impl Voice {
    /// Sends as much as the socket takes; false when the daemon has hung up.
    fn speak(&mut self, field: &Field) -> bool {
        let Part { requests, repeats, .. } = &self.part;
        while !field.is_over() && self.sent < requests.len() {
            match self.peer.stream.write(&requests[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
            if *repeats {
                self.sent %= requests.len();
            }
            field.blow();
        }
        true
    }

    /// Throws away what has come, if this one reads; false when the daemon has hung up.
    fn listen(&mut self) -> bool {
        let mut chunk = [0; 64 * 1024];
        while self.part.reads {
            match self.peer.stream.read(&mut chunk) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }
}
