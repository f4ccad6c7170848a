//! Descriptors that nobody takes off the sockets that they were sent to.

use super::binary;
use apikeyd_campaigns::hostile::descriptors::{Plan, afterwards, open_before, run};
use apikeyd_campaigns::hostile::house::House;
use apikeyd_campaigns::hostile::strangers;

/// The kernel says "too many references" to the next one after as many as the unit's `LimitNOFILE=`.
const SPENT: Plan =
    Plan { connections: 34, times: Some(122), backups: 0, wanted_pages: 100, wanted_backups: 10 };

fn others_have_theirs(plan: Plan) {
    if !strangers::are_other_users() {
        return;
    }
    strangers::allow_many_descriptors();
    let house = House::open(binary());
    assert!(SPENT.connections as u64 * SPENT.times.unwrap() > house.unit.descriptors);
    let descriptors = open_before(&house);
    let outcome = run(&house, plan);
    for (handed, wanted) in [(&outcome.pages, plan.wanted_pages), (&outcome.backups, plan.wanted_backups)] {
        assert_eq!(handed.broken, None, "{outcome:#?}");
        assert_eq!(handed.over + handed.busy, wanted as u64);
    }
    afterwards(&house, descriptors);
}

#[test]
fn pages_that_nobody_reads_use_up_nobody_elses_descriptors() {
    others_have_theirs(SPENT);
}

#[test]
fn pages_and_backups_that_nobody_reads_on_every_place_use_up_nobody_elses_descriptors() {
    others_have_theirs(Plan { connections: 64, times: None, backups: 8, ..SPENT });
}
