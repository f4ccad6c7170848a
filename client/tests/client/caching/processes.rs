//! Forked children.

use super::{asked_in, each, is_hit};
use crate::asker::Asker;
use crate::paged::Words;
use crate::processes::{in_child, in_new_runtime};
use apikeyd_protocol::operation::Opcode;

#[test]
fn a_child_asks_for_a_page_and_for_keys_of_its_own_and_leaves_the_parents_alone() {
    each(|daemon, asker| {
        asker.user();
        let asked = asked_in(daemon, || {
            let status = in_child(|| {
                in_new_runtime(asker, |asker| {
                    let users = [asker.user(), asker.user()];
                    u8::from(users != ["u", "u"] || asker.cache_statistics().entries != 1)
                })
            });
            assert_eq!(status, 0);
        });
        assert_eq!(asked, 1, "the first of two");
        assert_eq!(daemon.asked(Opcode::RevocationPage), 2);
        assert!(is_hit(daemon, asker));
    });
}

#[test]
fn a_child_in_another_time_namespace_does_not_trust_its_parents_page() {
    each(|daemon, asker| {
        asker.user();
        // What a child finds whose clock was set off: it can only tell by asking.
        daemon.state().clock_ahead_ns = 3_600_000_000_000;
        let asked = asked_in(daemon, || {
            let status = in_child(|| {
                in_new_runtime(asker, |asker| (0..3).for_each(|_| drop(asker.user())));
                u8::try_from(asker.cache_statistics().entries).unwrap()
            });
            assert_eq!(status, 0);
        });
        assert_eq!(asked, 3);
    });
}

#[test]
fn a_grandchild_starts_anew_as_well_and_sees_revocations() {
    each(|daemon, asker| {
        asker.user();
        let key_id = apikeyd_kit::answers::key(1).id();
        let status = in_child(|| {
            in_new_runtime(asker, Asker::user);
            let grandchild = in_child(|| u8::from(in_new_runtime(asker, Asker::user) != "u"));
            u8::from(grandchild != 0)
        });
        assert_eq!(status, 0);
        assert_eq!(daemon.asked(Opcode::Validate), 3);
        daemon.state().page.bump(key_id);
        assert!(!is_hit(daemon, asker));
    });
}
