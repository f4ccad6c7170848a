//! What is used again, and what never is.

use super::{asked_in, each, is_hit};
use crate::paged::Words;
use apikeyd_client::{Refusal, Verdict};
use apikeyd_protocol::operation::Opcode;

#[test]
fn a_good_key_is_asked_for_once() {
    each(|daemon, asker| {
        assert_eq!(asker.user(), "u");
        assert_eq!(asked_in(daemon, || (0..100).for_each(|_| assert_eq!(asker.user(), "u"))), 0);
        assert_eq!(daemon.asked(Opcode::RevocationPage), 1);
        let statistics = asker.cache_statistics();
        assert_eq!((statistics.hits, statistics.misses, statistics.entries), (100, 1, 1));
        assert!(statistics.page);
    });
}

#[test]
fn a_revoked_key_is_refused_by_the_next_validation_and_refusals_are_asked_for_each_time() {
    each(|daemon, asker| {
        asker.user();
        assert!(is_hit(daemon, asker));
        let key_id = apikeyd_kit::answers::key(1).id();
        daemon.state().ended.push(key_id);
        daemon.state().page.bump(key_id);
        let refused = || assert_eq!(asker.validate().unwrap(), Verdict::Refused(Refusal::Invalid));
        assert_eq!(asked_in(daemon, || (0..3).for_each(|_| refused())), 3);
    });
}

#[test]
fn a_key_that_is_revoked_while_it_is_looked_up_is_stale_from_the_start() {
    each(|daemon, asker| {
        asker.user();
        let key_id = apikeyd_kit::answers::key(1).id();
        // Has the entry of the first validation filled anew, by an answer that is overtaken.
        daemon.state().page.bump(key_id);
        daemon.state().on_validate = Some(Box::new(move |page| page.bump(key_id)));
        asker.user();
        daemon.state().ended.push(key_id);
        assert_eq!(asker.validate().unwrap(), Verdict::Refused(Refusal::Invalid));
    });
}

#[test]
fn another_key_of_the_same_id_is_asked_for() {
    each(|daemon, asker| {
        asker.user();
        let forged = apikeyd_kit::answers::forged(&apikeyd_kit::answers::key(1));
        daemon.state().ended.push(forged.id());
        let verdict = asker.validate_text(forged.expose()).unwrap();
        assert_eq!(verdict, Verdict::Refused(Refusal::Invalid));
    });
}

#[test]
fn what_concerns_every_key_makes_all_be_asked_for_again() {
    each(|daemon, asker| {
        asker.user();
        assert!(is_hit(daemon, asker));
        daemon.state().page.bump_epoch();
        assert!(!is_hit(daemon, asker));
        assert!(is_hit(daemon, asker), "kept under the new epoch");
    });
}

#[test]
fn without_a_cache_each_is_asked_for() {
    let daemon = crate::paged::Paged::start();
    for asker in crate::asker::both(daemon.path()) {
        assert_eq!(asked_in(&daemon, || (0..3).for_each(|_| drop(asker.user()))), 3);
        assert_eq!(asker.cache_statistics(), Default::default());
    }
    assert_eq!(daemon.asked(Opcode::RevocationPage), 0);
}
