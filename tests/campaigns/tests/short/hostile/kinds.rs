//! What one user can make the daemon hold, by each kind of request.

use super::binary;
use apikeyd_campaigns::hostile::house::House;
use apikeyd_campaigns::hostile::kinds::{bound_kib, hold, in_turn, is_answered_at_once};
use apikeyd_campaigns::hostile::{largest, strangers};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::operation::Opcode;
use std::time::Duration;

/// Places that are used by a kind that is answered at once: a few, which are full in a moment.
const FEW: usize = 4;

#[test]
fn no_kind_of_request_makes_the_daemon_hold_more_than_its_bound() {
    if !strangers::are_other_users() {
        return;
    }
    strangers::allow_many_descriptors();
    let house = House::open(binary());
    house.fill(128);
    let fresh = house.vitals().resident_kib();
    for opcode in in_turn() {
        let places = if is_answered_at_once(opcode) { FEW } else { strangers::PLACES };
        // Eight thousand reports take longer to arrive.
        let seconds = if opcode == Opcode::ReportUses { 4 } else { 1 };
        let held = hold(&house, opcode, places, fresh, Duration::from_secs(seconds));
        let bound = bound_kib(opcode, places as u64);
        println!("{held:?}, bound {bound}");
        assert!(held.grown_kib <= bound, "{held:?}: more than {bound} KiB");
        assert!(held.rests_after.is_some(), "{held:?}: the daemon works on for a caller that has left");
    }
}

#[test]
fn the_largest_requests_are_well_formed() {
    let house = House::open(binary());
    let mut peer = RawClient::greeted(house.daemon.socket());
    for opcode in Opcode::ALL {
        peer.send(&largest::of(*opcode, 1));
        let status = peer.answer().status();
        assert!(matches!(status, Status::Ok | Status::NotFound), "{opcode}: {status}");
    }
}
