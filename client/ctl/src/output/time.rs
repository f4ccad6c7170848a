//! Points in time as RFC 3339, in UTC.

use apikeyd_client::Timestamp;

/// With milliseconds, for programs: `2026-11-24T20:04:05.120Z`. Times after the year 9999 are shown as its
/// last moment.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    format!("{:.3}", moment(at))
}

/// To the second, for people: `2026-11-24T20:04:05Z`.
pub(crate) fn to_the_second(at: Timestamp) -> String {
    format!("{:.0}", moment(at))
}

/// Now, by the wall clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_millis(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0))
}

fn moment(at: Timestamp) -> jiff::Timestamp {
    let millis = i64::try_from(at.min(Timestamp::MAX_EXPIRY).unix_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        let at = Timestamp::from_unix_millis(1_795_551_845_120);
        assert_eq!(rfc3339(at), "2026-11-24T20:24:05.120Z");
        assert_eq!(to_the_second(at), "2026-11-24T20:24:05Z");
    }

    #[test]
    fn the_whole_range_of_the_wire_can_be_shown() {
        for millis in [253_402_300_799_999, 253_402_300_800_000, u64::MAX] {
            let shown = rfc3339(Timestamp::from_unix_millis(millis));
            assert!(shown.starts_with("9999-12-3"), "{millis}: {shown}");
        }
        assert_eq!(rfc3339(Timestamp::default()), "1970-01-01T00:00:00.000Z");
    }
}
