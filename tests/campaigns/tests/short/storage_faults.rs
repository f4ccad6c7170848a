//! A small part of the campaign of failing disks.

use apikeyd_campaigns::storage_faults::{Kind, Tally, run};

/// Changes must be refused this often, and accepted again.
fn each(kind: Kind, recoveries: u64) {
    let mut total = Tally::default();
    for seed in 0..30 {
        total.add(&run(seed, kind).unwrap());
    }
    assert!(total.recoveries >= recoveries, "{total:?}");
}

#[test]
fn writes_that_fail_lose_nothing() {
    each(Kind::WriteIo, 10);
    each(Kind::ShortWrite, 10);
}

#[test]
fn a_full_disk_loses_nothing() {
    each(Kind::DiskFull, 10);
}

#[test]
fn a_file_that_cannot_grow_loses_nothing() {
    // A file grows seldom.
    each(Kind::SetLenIo, 3);
}

#[test]
fn syncs_that_fail_lose_nothing() {
    each(Kind::SyncIo, 10);
}

#[test]
fn syncs_that_drop_pages_lose_nothing() {
    each(Kind::SyncDropsPages, 10);
}

#[test]
fn reads_that_fail_lose_nothing() {
    each(Kind::ReadIo, 10);
}
