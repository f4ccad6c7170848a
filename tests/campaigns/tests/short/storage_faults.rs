//! A small part of the campaign of failing disks.

use apikeyd_campaigns::storage_faults::{Kind, Tally, run};

fn each(kind: Kind) {
    let mut total = Tally::default();
    for seed in 0..30 {
        total.add(&run(seed, kind).unwrap());
    }
    assert!(total.faults >= 20, "faults must be met: {total:?}");
    assert!(total.recoveries >= 10, "changes must be refused, and accepted again: {total:?}");
}

#[test]
fn writes_that_fail_lose_nothing() {
    each(Kind::WriteIo);
    each(Kind::ShortWrite);
}

#[test]
fn a_full_disk_loses_nothing() {
    each(Kind::DiskFull);
}

#[test]
fn a_file_that_cannot_grow_loses_nothing() {
    each(Kind::SetLenIo);
}

#[test]
fn syncs_that_fail_lose_nothing() {
    each(Kind::SyncIo);
}

#[test]
fn syncs_that_drop_pages_lose_nothing() {
    each(Kind::SyncDropsPages);
}

#[test]
fn reads_that_fail_lose_nothing() {
    each(Kind::ReadIo);
}
