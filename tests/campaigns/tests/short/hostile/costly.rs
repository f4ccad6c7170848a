//! Nobody waits for others' costly requests.

use super::binary;
use apikeyd_campaigns::hostile::commands::{self, Command};
use apikeyd_campaigns::hostile::costly::{Plan, run};
use apikeyd_campaigns::hostile::house::House;
use apikeyd_campaigns::hostile::strangers;
use std::time::Duration;

#[test]
fn costly_requests_hold_up_no_reload_and_no_revocation_and_end_with_their_callers() {
    if !strangers::are_other_users() {
        return;
    }
    strangers::allow_many_descriptors();
    let house = House::open(binary());
    house.settle(4_000);
    let outcome = run(&house, &house, Plan { quiet: 20, reloads: 10, after: Duration::from_secs(1) });
    assert!(outcome.broken.is_empty(), "{:#?}, {} KiB", outcome.broken, outcome.peak_kib);
    assert_eq!(outcome.reloads.count(), 10);
    assert!(outcome.attacked.count() > 0, "no key was revoked");
}

#[test]
fn a_revocation_does_not_wait_behind_all_commands_of_another_issuer() {
    if !strangers::are_other_users() {
        return;
    }
    strangers::allow_many_descriptors();
    let house = House::open(binary());
    let mut unfair = Vec::new();
    for command in Command::ALL {
        let outcome = commands::run(&house, command, 20);
        let [quiet, attacked, own] =
            [&outcome.quiet, &outcome.attacked, &outcome.own].map(|times| times.per_mille(500));
        if !outcome.is_fair() || !outcome.broken.is_empty() {
            let told = format!("{quiet:.1?} without, {attacked:.1?} behind; the attacker's own {own:.1?}");
            unfair.push(format!("{command:?}: {told}; {:?}", outcome.broken));
        }
    }
    assert!(unfair.is_empty(), "{unfair:#?}");
}
