//! Connections that fail, at every stage of their life, in great numbers: nothing may be left of them.

use super::attack::send_with;
use super::strangers::{ATTACKER, NOBODY, are_other_users, spawn_as};
use apikeyd_kit::bytes::{frame, request};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Header;
use apikeyd_protocol::hello::Hello;
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{AuditList, Empty, PolicyRows};
use apikeyd_protocol::operation::Opcode;
use std::fs::File;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::path::Path;

/// A stage: what it is called, who fails there, and how. The number varies what can be varied.
struct Stage {
    name: &'static str,
    uid: u32,
    /// The most connections that are worth it.
    most: usize,
    fail: fn(&Path, usize),
}

const fn stage(name: &'static str, uid: u32, fail: fn(&Path, usize)) -> Stage {
    Stage { name, uid, most: usize::MAX, fail }
}

/// A backup goes on when nobody waits for it any more, takes some ten milliseconds, and keeps its descriptors open until
/// then: thousands in a row would be a test of patience and show nothing more.
const MOST_BACKUPS: usize = 300;

/// Root, who may ask for everything.
const OWN: u32 = 0;

static STAGES: [Stage; 15] = [
    stage("closed at once", ATTACKER, |socket, _| silent(socket, |_| ())),
    stage("cut anywhere in hello and request", ATTACKER, cut),
    stage("another magic", ATTACKER, |socket, _| say(socket, b"GET / HTTP/1.1\r\n\r\n")),
    stage("another version", ATTACKER, |socket, _| say(socket, &another_version())),
    stage("reserved flags", ATTACKER, |socket, _| greeted(socket, &frame(1, 1, 1, &[]))),
    stage("a frame too long", ATTACKER, |socket, _| greeted(socket, &too_long())),
    stage("a long frame cut", ATTACKER, long_cut),
    stage("an id twice", ATTACKER, |socket, _| greeted(socket, &twice(Opcode::RevocationPage))),
    stage("the page asked for and left", ATTACKER, |socket, _| {
        greeted(socket, &request(Opcode::RevocationPage, 1, &Empty {}));
    }),
    stage("answers left unread", ATTACKER, unread),
    stage("not reading any more", ATTACKER, deaf),
    stage("253 descriptors and gone", ATTACKER, descriptors),
    stage("no right", NOBODY, |socket, _| drop(RawClient::greet(socket))),
    stage("the audit asked for and left", OWN, |socket, _| {
        greeted(socket, &request(Opcode::AuditList, 1, &AuditList::new()));
    }),
    Stage {
        most: MOST_BACKUPS,
        ..stage("a backup asked for and left", OWN, |socket, _| {
            greeted(socket, &request(Opcode::Backup, 1, &Empty {}));
        })
    },
];

/// Lets about so many connections fail, each stage its share but no more than some hundred backups, says when a stage
/// is over, and gives how many failed.
pub fn fail(socket: &Path, connections: usize, over: impl Fn(&str)) -> usize {
    let share = connections.div_ceil(STAGES.len());
    let mut failed = 0;
    for stage in &STAGES {
        let each = share.min(stage.most);
        let socket = socket.to_owned();
        let failing = move || (0..each).for_each(|number| (stage.fail)(&socket, number));
        match are_other_users() && stage.uid != OWN {
            true => spawn_as(stage.uid, failing).join().expect("connections that fail as they should"),
            false => failing(),
        }
        over(stage.name);
        failed += each;
    }
    failed
}

fn silent(socket: &Path, then: impl FnOnce(&mut RawClient)) {
    then(&mut RawClient::silent(socket));
}

/// Sends without a greeting, and does not mind that the daemon has hung up.
fn say(socket: &Path, bytes: &[u8]) {
    silent(socket, |peer| drop(peer.try_send(bytes)));
}

/// Sends after a greeting. There may be no place while the daemon has not seen the end of the connections before:
/// then this one fails at that stage.
fn greeted(socket: &Path, bytes: &[u8]) {
    if let Ok((mut peer, _)) = RawClient::greet(socket) {
        let _hung_up = peer.try_send(bytes);
    }
}

fn too_long() -> Vec<u8> {
    Header { length: u32::MAX, opcode: 1, flags_or_status: 0, request_id: 1 }.encode().to_vec()
}

fn another_version() -> Vec<u8> {
    let mut hello = Hello::CURRENT;
    hello.version.major = hello.version.major.wrapping_add(1);
    hello.encode().to_vec()
}

fn cut(socket: &Path, number: usize) {
    let whole = [&Hello::CURRENT.encode()[..], &request(Opcode::Status, 1, &Empty {})].concat();
    say(socket, &whole[..number % (whole.len() + 1)]);
}

fn long_cut(socket: &Path, number: usize) {
    let whole = frame(Opcode::Validate.code(), 0, 1, &[1; MAX_BODY_BYTES]);
    greeted(socket, &whole[..(number * 4099) % whole.len()]);
}

fn twice(opcode: Opcode) -> Vec<u8> {
    [request(opcode, 4, &Empty {}), request(opcode, 4, &Empty {})].concat()
}

fn unread(socket: &Path, _: usize) {
    let many: Vec<u8> = (0..20).flat_map(|id| request(Opcode::PolicyRows, id, &PolicyRows::new(0))).collect();
    greeted(socket, &many);
}

fn deaf(socket: &Path, _: usize) {
    if let Ok((mut peer, _)) = RawClient::greet(socket) {
        let _already = peer.stream.shutdown(Shutdown::Read);
        let _hung_up = peer.try_send(&request(Opcode::Status, 1, &Empty {}));
    }
}

fn descriptors(socket: &Path, _: usize) {
    silent(socket, |peer| {
        let file = File::open("/dev/null").expect("a file");
        // Where it cannot be sent, this one fails by leaving.
        let _sent = send_with(peer, &Hello::CURRENT.encode(), &[file.as_fd(); 253]);
    });
}
