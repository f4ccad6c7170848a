//! The page: when it can be used, and when no longer.

use super::{asked_in, each, is_hit, wait_until};
use crate::paged::{Paged, Words, monotonic_ns, new_page};
use apikeyd_client::Status;
use apikeyd_protocol::operation::Opcode;
use std::fs::{self, File, OpenOptions};

#[test]
fn a_lease_that_is_over_ends_all_trust_until_it_is_renewed() {
    each(|daemon, asker| {
        asker.user();
        daemon.state().page.lease_until(monotonic_ns() - 1_000_000_000);
        assert!(!is_hit(daemon, asker));
        daemon.state().page.lease_until(monotonic_ns() + 3_600_000_000_000);
        assert!(is_hit(daemon, asker), "what was kept stands again: nothing has moved");
        daemon.state().page.lease_until(0);
        assert!(!is_hit(daemon, asker));
    });
}

#[test]
fn after_a_restart_everything_is_asked_for_and_then_kept_again() {
    each(|daemon, asker| {
        asker.user();
        daemon.state().page.begin_anew();
        assert!(!is_hit(daemon, asker), "it was another instance");
        wait_until(|| is_hit(daemon, asker));
        assert_eq!(daemon.asked(Opcode::RevocationPage), 2);
    });
}

#[test]
fn another_page_takes_the_place_of_one_that_is_over() {
    each(|daemon, asker| {
        asker.user();
        let (page, handed) = new_page(&daemon.dir().join("other"), 5_000);
        let lost = {
            let mut state = daemon.state();
            state.handed = Some(handed);
            std::mem::replace(&mut state.page, page)
        };
        assert!(is_hit(daemon, asker), "the lease of the lost page is not over");
        lost.lease_until(0);
        assert!(!is_hit(daemon, asker));
        wait_until(|| is_hit(daemon, asker));
        lost.lease_until(u64::MAX);
        daemon.state().page.bump(apikeyd_kit::answers::key(1).id());
        assert!(!is_hit(daemon, asker), "the new page counts");
    });
}

#[test]
fn a_page_whose_name_is_gone_is_still_the_page() {
    each(|daemon, asker| {
        asker.user();
        fs::remove_file(daemon.dir().join("page")).unwrap();
        assert!(is_hit(daemon, asker));
        daemon.state().page.bump(apikeyd_kit::answers::key(1).id());
        assert!(!is_hit(daemon, asker));
    });
}

/// Nothing is kept, and the page is asked for once.
fn assert_of_no_use(what: &str, spoil: impl Fn(&Paged)) {
    each(|daemon, asker| {
        spoil(daemon);
        let all = asked_in(daemon, || (0..5).for_each(|_| assert_eq!(asker.user(), "u")));
        assert_eq!(all, 5, "{what}");
        assert_eq!(daemon.asked(Opcode::RevocationPage), 1, "{what}");
        assert_eq!(asker.cache_statistics().entries, 0, "{what}");
    });
}

#[test]
fn a_daemon_without_a_page_is_asked_each_time() {
    for status in [Status::NotFound, Status::UnknownOpcode, Status::NotPermitted] {
        assert_of_no_use(status.name(), |daemon| daemon.state().page_status = status);
    }
}

#[test]
fn a_process_in_another_time_namespace_asks_each_time() {
    for hours in [-1, 1] {
        assert_of_no_use("other clock", |daemon| daemon.state().clock_ahead_ns = hours * 3_600_000_000_000);
    }
}

#[test]
fn what_is_no_page_that_others_cannot_write_is_not_used() {
    assert_of_no_use("no descriptor", |daemon| daemon.state().handed = None);
    assert_of_no_use("writable", |daemon| {
        let writable = OpenOptions::new().read(true).write(true).open(daemon.dir().join("page")).unwrap();
        daemon.state().handed = Some(writable);
    });
    assert_of_no_use("too short", |daemon| {
        let short = daemon.dir().join("short");
        fs::write(&short, fs::read(daemon.dir().join("page")).unwrap().split_last().unwrap().1).unwrap();
        daemon.state().handed = Some(File::open(short).unwrap());
    });
    assert_of_no_use("a directory", |daemon| {
        let directory = File::open(daemon.dir()).unwrap();
        daemon.state().handed = Some(directory);
    });
    assert_of_no_use("another layout", |daemon| daemon.state().page.set(0, 1));
    assert_of_no_use("another size", |daemon| daemon.state().ready.bytes *= 2);
}
