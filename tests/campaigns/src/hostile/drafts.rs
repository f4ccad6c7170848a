//! One issuer makes drafts and saves none.

use super::house::House;
use super::largest;
use super::strangers::{ATTACKING_ISSUER, ISSUER, spawn_as};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::limit::MAX_IN_FLIGHT;
use apikeyd_protocol::operation::Opcode;

/// More than the daemon keeps of all issuers.
const MORE_THAN_ALL: usize = 65_536 + MAX_IN_FLIGHT;

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Drafts that one issuer could make.
    pub made: usize,
    /// How the next one was refused; `None` when none was.
    pub refused: Option<Status>,
    /// How another issuer's request for a draft was answered then.
    pub other: Status,
}

/// Lets one issuer make drafts until it is refused, and another one make one more.
#[must_use]
pub fn run(house: &House) -> Outcome {
    let socket = house.daemon.socket().to_owned();
    let greedy = spawn_as(ATTACKING_ISSUER, move || make_many(&mut RawClient::greeted(&socket)));
    let (made, refused) = greedy.join().expect("an issuer that was answered");
    let socket = house.daemon.socket().to_owned();
    let other = spawn_as(ISSUER, move || {
        RawClient::greeted(&socket).ask(Opcode::Generate, &largest::generate(u64::MAX)).status()
    });
    Outcome { made, refused, other: other.join().expect("an issuer that was answered") }
}

fn make_many(peer: &mut RawClient) -> (usize, Option<Status>) {
    let mut made = 0;
    while made < MORE_THAN_ALL {
        let ids = made as u64..(made + MAX_IN_FLIGHT) as u64;
        let requests: Vec<u8> = ids.flat_map(|id| largest::of(Opcode::Generate, id)).collect();
        peer.send(&requests);
        let answers: Vec<Status> = (0..MAX_IN_FLIGHT).map(|_| peer.answer().status()).collect();
        made += answers.iter().filter(|status| **status == Status::Ok).count();
        if let Some(refused) = answers.into_iter().find(|status| *status != Status::Ok) {
            return (made, Some(refused));
        }
    }
    (made, None)
}
