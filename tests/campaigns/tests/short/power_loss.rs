//! A small part of the campaign of power cuts, and proof that it can find something.

use apikeyd_campaigns::power_loss::{Syncs, Tally, run};
use std::thread;

const SEEDS: u64 = 1000;

#[test]
fn no_power_cut_loses_an_acknowledged_change_or_revives_a_key() {
    let half = |first: u64| {
        let mut total = Tally::default();
        for seed in (first..SEEDS).step_by(2) {
            total.add(&run(seed, Syncs::Honest).unwrap());
        }
        total
    };
    let total = half_beside(half);
    assert_eq!((total.seeds, total.cuts), (SEEDS, SEEDS));
    assert!(total.recovery_cuts > SEEDS, "{total:?}");
    assert!(total.in_doubt > SEEDS / 20, "cuts in the middle of a commit: {total:?}");
}

/// Two halves at once.
fn half_beside(half: impl Fn(u64) -> Tally + Sync) -> Tally {
    thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let mut total = half(0);
        total.add(&other.join().unwrap());
        total
    })
}

#[test]
fn a_seed_repeats_a_run_exactly() {
    for seed in 0..10 {
        assert_eq!(run(seed, Syncs::Honest), run(seed, Syncs::Honest));
    }
}

#[test]
fn a_disk_that_lies_about_its_syncs_is_found() {
    let run = |seed| run(seed, Syncs::Lying);
    let failure = (0..20).find_map(|seed| run(seed).err()).expect("a fault that is found");
    assert_eq!(run(failure.seed), Err(failure.clone()), "it comes again with its seed");
}
