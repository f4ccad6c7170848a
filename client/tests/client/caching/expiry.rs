//! Keys that end by themselves.

use super::{asked_in, each, is_hit, wait_until};
use apikeyd_client::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn in_ms(later: u64) -> Option<Timestamp> {
    Some(Timestamp::from_unix_millis(now_ms() + later))
}

#[test]
fn a_key_is_used_again_while_its_end_is_far_away() {
    each(|daemon, asker| {
        daemon.state().expires_at = in_ms(3_600_000);
        asker.user();
        assert!(is_hit(daemon, asker));
        assert_eq!(asker.validate().unwrap().valid().unwrap().expires_at, daemon.state().expires_at);
    });
}

#[test]
fn a_key_whose_end_is_near_or_past_is_asked_for_each_time() {
    for later in [0, 10, 900] {
        each(|daemon, asker| {
            daemon.state().expires_at = in_ms(later);
            assert_eq!(asked_in(daemon, || (0..5).for_each(|_| drop(asker.user()))), 5);
        });
    }
}

#[test]
fn a_kept_key_is_asked_for_again_before_its_end() {
    each(|daemon, asker| {
        let end = now_ms() + 1_300;
        daemon.state().expires_at = Some(Timestamp::from_unix_millis(end));
        asker.user();
        wait_until(|| {
            let before = now_ms();
            let is_hit = is_hit(daemon, asker);
            assert!(!is_hit || before < end, "accepted without asking at its end");
            !is_hit
        });
        assert!(Duration::from_millis(end.saturating_sub(now_ms())) > Duration::ZERO, "asked in time");
    });
}
