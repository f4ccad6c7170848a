//! A process that forks: the child's cache begins empty, and both see revocations.

#![expect(unsafe_code, reason = "fork has no safe form")]

use super::{assert_refused, client, is_accepted, issue, revoker, warm};
use crate::support::House;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_child_asks_for_itself_and_sees_revocations() {
    let house = House::open();
    let (client, revoker) = (client(&house), revoker(&house));
    let (kept, first, second) =
        (issue(&revoker, "kept"), issue(&revoker, "first"), issue(&revoker, "second"));
    for key in [&kept, &first, &second] {
        warm(&client, key);
    }
    revoker.delete(first.id()).expect("an end");
    in_child(|| {
        let before = client.cache_statistics();
        assert!(is_accepted(&client.validate(&second)));
        assert_eq!(client.cache_statistics().hits, before.hits, "the parent's verdict was used");
        assert_refused(&client.validate(&first));
        warm(&client, &second);
        super::revoker(&house).delete(second.id()).expect("an end");
        assert_refused(&client.validate(&second));
        warm(&client, &kept);
    });
    // What the child ended has ended for its parent.
    assert_refused(&client.validate(&second));
    assert_refused(&client.validate(&first));
    warm(&client, &kept);
}

/// Runs `child` in a forked process, and fails when it panics.
#[track_caller]
fn in_child(child: impl FnOnce()) {
    // SAFETY: the child runs on the one thread that it has, asks its clients, and leaves by `_exit`, so that
    // nothing of the test harness runs twice. What the C library needs for that it keeps usable over a fork.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let status = i32::from(catch_unwind(AssertUnwindSafe(child)).is_err());
        // SAFETY: ends the child without running anything more of it.
        unsafe { libc::_exit(status) }
    }
    let mut status = 0;
    // SAFETY: waits for the child just made; the pointer is to a local.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0, "the child failed");
}
