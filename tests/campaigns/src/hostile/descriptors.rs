//! Descriptors that nobody takes off the sockets that they were sent to.
//!
//! The kernel bounds the descriptors of one user that are on their way (`ETOOMANYREFS`, unix(7)), and the user of the
//! revocation page and of backups is the daemon's. Who asks and does not read uses up what is everybody's. Root's bound
//! is waived, so only a daemon as shipped shows it.

use super::attack::{Attack, unread, unread_some};
use super::house::House;
use super::siege::Siege;
use super::strangers::{ADMIN, VICTIM, spawn_as};
use apikeyd_kit::bytes::{Message, request};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the attackers may take to have asked for as much as their sockets take.
const RAMP: Duration = Duration::from_secs(2);

/// The request whose descriptor is wanted.
const WANTED: u64 = 1;

/// The request that is pipelined behind it.
const BEHIND: u64 = 2;

/// How a victim's requests for a descriptor were answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// With the descriptor.
    pub over: u64,
    /// `Busy`.
    pub busy: u64,
    /// What was not as promised, and was the end of it.
    pub broken: Option<String>,
}

/// What the victims saw.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Of the revocation page, asked for with no more than `validate`.
    pub pages: Handed,
    /// Of backups.
    pub backups: Handed,
    /// Requests that the attackers have sent, in pieces as the sockets took them.
    pub blows: u64,
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Connections that ask for the page and never read it.
    pub connections: usize,
    /// Times that each of them asks; as often as its socket takes requests if this is `None`.
    pub times: Option<u64>,
    /// Connections of another user that ask for backups and never read them.
    pub backups: usize,
    /// Pages that the victim asks for.
    pub wanted_pages: usize,
    /// Backups that the other victim asks for.
    pub wanted_backups: usize,
}

/// Lets attackers ask for pages and for backups while others want theirs.
#[must_use]
pub fn run(house: &House, plan: Plan) -> Outcome {
    let socket = house.daemon.socket();
    house.daemon.take_notes();
    // Before the attack, as services are: where they come later they may wait for a place.
    let [page, backup] =
        [(VICTIM, Opcode::RevocationPage, plan.wanted_pages), (ADMIN, Opcode::Backup, plan.wanted_backups)]
            .map(|(uid, opcode, times)| Victim::connect(uid, socket, opcode, times));
    let Plan { connections, times, .. } = plan;
    let pages = match times {
        None => Siege::begin(Attack::Pages, connections, socket),
        Some(times) => Siege::of(Attack::Pages.attackers(), socket, move |field| {
            unread_some(field, connections, Opcode::RevocationPage, times);
        }),
    };
    pages.wait_for_blows(u64::try_from(connections).expect("a number"));
    pages.wait_until_stuck(RAMP);
    let backups = Siege::of(Attack::Backups.attackers(), socket, move |field| {
        if plan.backups > 0 {
            unread(field, plan.backups, Opcode::Backup);
        }
    });
    backups.wait_for_blows(u64::try_from(plan.backups).expect("a number"));
    let [pages_handed, backups_handed] = [page.want(), backup.want()].map(Wanting::end);
    let blows = pages.blows() + backups.blows();
    pages.end();
    backups.end();
    Outcome { pages: pages_handed, backups: backups_handed, blows }
}

/// Descriptors that the daemon has open before the attack, with those that it opens once and keeps.
#[must_use]
pub fn open_before(house: &House) -> Option<usize> {
    let _alone = each_once(house);
    house.vitals().descriptors()
}

/// Asks for the page and a backup once more when the attackers have gone, and looks for descriptors that they left.
pub fn afterwards(house: &House, descriptors: Option<usize>) {
    let _alone = each_once(house);
    house.daemon.take_notes();
    house.vitals().wait_for_descriptors(descriptors, "unread descriptors");
}

/// Asks for the page and a backup once, and gives the one connection that is open then.
fn each_once(house: &House) -> RawClient {
    for (uid, opcode) in [(VICTIM, Opcode::RevocationPage), (ADMIN, Opcode::Backup)] {
        let handed = Victim::connect(uid, house.daemon.socket(), opcode, 1).want().end();
        assert_eq!(handed.over, 1, "{opcode} alone: {handed:?}");
    }
    house.wait_until_alone()
}

/// Somebody who is connected and waits for the start.
struct Victim {
    go: Sender<()>,
    wanting: Wanting,
}

struct Wanting(JoinHandle<Handed>);

impl Victim {
    fn connect(uid: u32, socket: &Path, opcode: Opcode, times: usize) -> Self {
        let (go, gone) = channel();
        let (connected, is_connected) = channel();
        let socket = socket.to_owned();
        let wanting = Wanting(spawn_as(uid, move || {
            let mut peer = RawClient::greeted(&socket);
            connected.send(()).expect("somebody who waits");
            gone.recv().expect("a start");
            want(&mut peer, opcode, times)
        }));
        is_connected.recv().expect("a victim that was let in");
        Self { go, wanting }
    }

    fn want(self) -> Wanting {
        self.go.send(()).expect("a victim");
        self.wanting
    }
}

impl Wanting {
    fn end(self) -> Handed {
        self.0.join().expect("a victim that was let in")
    }
}

/// Asks again and again on one connection, each time with another request behind it.
fn want(peer: &mut RawClient, opcode: Opcode, times: usize) -> Handed {
    let mut handed = Handed::default();
    for number in 1..=times {
        match ask(peer, opcode) {
            Ok(Status::Ok) => handed.over += 1,
            Ok(Status::Busy) => handed.busy += 1,
            Ok(status) => {
                handed.broken = Some(format!("{opcode}, request {number}: {status:?}"));
                break;
            }
            Err(broken) => {
                handed.broken = Some(format!("{opcode}, request {number}: {broken}"));
                break;
            }
        }
    }
    handed
}

fn ask(peer: &mut RawClient, opcode: Opcode) -> Result<Status, String> {
    let both = [request(opcode, WANTED, &Empty {}), request(Opcode::Status, BEHIND, &Empty {})].concat();
    let broke = |error: io::Error| format!("the connection broke: {error}");
    peer.try_send(&both).map_err(broke)?;
    let answers = [peer.try_answer().map_err(broke)?, peer.try_answer().map_err(broke)?];
    let of = |id| answers.iter().find(|answer| answer.header.request_id == id).map(Message::status);
    if of(BEHIND) != Some(Status::Ok) {
        return Err(format!("the request behind it was answered {:?}", of(BEHIND)));
    }
    let (status, descriptor) = (of(WANTED).ok_or("it was not answered")?, peer.take_descriptor());
    if descriptor.is_some() != (status == Status::Ok) {
        return Err(format!("{status:?} came with the descriptor {descriptor:?}"));
    }
    Ok(status)
}
