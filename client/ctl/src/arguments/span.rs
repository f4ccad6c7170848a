//! Spans and points in time as people write them.

use apikeyd_client::Timestamp;
use jiff::civil;
use std::str::FromStr;
use std::time::Duration;

const WRITE_EXPIRY: &str = "write a span such as 30m, 12h, 90d, 2w or 1y, a date such as 2030-01-31 (its first moment in UTC), or a \
     date-time such as 2030-01-31T12:00:00Z";
const WRITE_TIMEOUT: &str = "write 1ms to 1h, such as 500ms, 10s or 2m";
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// When a key expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// This long from now.
    After(Duration),
    /// At this time.
    At(Timestamp),
}

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(span) =
            span(text, &[("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800), ("y", 31_536_000)])
        {
            return match span {
                Some(Duration::ZERO) => Err(format!("the span must not be zero; {WRITE_EXPIRY}")),
                Some(span) => Ok(Self::After(span)),
                None => Err(too_late()),
            };
        }
        let moment = match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment,
            Err(_) if is_date(text) => text
                .parse::<civil::Date>()
                .and_then(|date| date.to_zoned_datetime(jiff::tz::TimeZone::UTC))
                .map_err(|_| format!("no such date; {WRITE_EXPIRY}"))?
                .timestamp(),
            Err(_) => return Err(format!("neither a span nor a date; {WRITE_EXPIRY}")),
        };
        let millis = u64::try_from(moment.as_millisecond())
            .map_err(|_| format!("the date has passed; {WRITE_EXPIRY}"))?;
        Ok(Self::At(Timestamp::from_unix_millis(millis)))
    }
}

impl Expiry {
    /// The point in time, from `now`.
    ///
    /// # Errors
    /// Words, when it is not after now or later than the protocol's last date.
    pub(crate) fn resolve(self, now: Timestamp) -> Result<Timestamp, String> {
        let at = match self {
            Self::After(span) => now.saturating_add(span),
            Self::At(at) => at,
        };
        if at <= now {
            Err(format!("the date has passed; {WRITE_EXPIRY}"))
        } else if at > Timestamp::MAX_EXPIRY {
            Err(too_late())
        } else {
            Ok(at)
        }
    }
}

/// The value of `--timeout`.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    if let Some(millis) = text.strip_suffix("ms") {
        let millis = digits(millis).and_then(|millis| millis.parse().ok()).map(Duration::from_millis);
        return within(millis);
    }
    within(span(text, &[("s", 1), ("m", 60), ("h", 3600)]).flatten())
}

fn within(span: Option<Duration>) -> Result<Duration, String> {
    span.filter(|span| !span.is_zero() && *span <= LONGEST_TIMEOUT).ok_or_else(|| WRITE_TIMEOUT.to_owned())
}

/// `None` when it is not a number and a unit, `Some(None)` when the number is too large.
fn span(text: &str, units: &[(&str, u64)]) -> Option<Option<Duration>> {
    let (number, seconds) =
        units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)))?;
    let number = digits(number)?;
    Some(number.parse::<u64>().ok().and_then(|number| number.checked_mul(*seconds)).map(Duration::from_secs))
}

/// Digits and nothing else: `parse` would take a plus sign.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// `YYYY-MM-DD`: jiff reads more forms of a date than are promised here.
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}

fn too_late() -> String {
    format!("later than the year 9999; {WRITE_EXPIRY}, or omit --expires for a key that does not expire")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_800_000_000_000);

    fn resolved(text: &str) -> Result<u64, String> {
        text.parse::<Expiry>()?.resolve(NOW).map(Timestamp::unix_millis)
    }

    #[test]
    fn spans_count_from_now() {
        for (text, seconds) in
            [("1m", 60), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600), ("1y", 31_536_000)]
        {
            assert_eq!(resolved(text), Ok(NOW.unix_millis() + seconds * 1000), "{text}");
        }
    }

    #[test]
    fn dates_are_points() {
        assert_eq!(resolved("2100-01-01"), Ok(4_102_444_800_000));
        assert_eq!(resolved("2100-01-01T00:00:00Z"), Ok(4_102_444_800_000));
        assert_eq!(resolved("2100-01-01T01:00:00+01:00"), Ok(4_102_444_800_000));
        assert_eq!(resolved("9999-12-30"), Ok(253_402_128_000_000));
    }

    #[test]
    fn what_is_no_future_is_refused_with_examples() {
        for text in [
            "",
            "0d",
            "-1d",
            "+1d",
            "1",
            "d",
            "1.5d",
            "1e9y",
            "1 d",
            "90D",
            "99999999999999999999y",
            "18446744073709551615d",
            "9000y",
            "2000-01-01",
            "1969-12-31",
            "2027-02-30",
            "2027-1-1",
            "20270101",
            "tomorrow",
            "1d1h",
        ] {
            let error = resolved(text).unwrap_err();
            assert!(error.contains("90d") && error.contains("2030-01-31"), "{text}: {error}");
        }
    }

    #[test]
    fn timeouts_have_a_unit_and_bounds() {
        assert_eq!(timeout("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(timeout("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(timeout("1h"), Ok(Duration::from_secs(3600)));
        for text in ["", "0s", "0ms", "10", "2h", "-1s", "ms", "99999999999999999999s", "1d"] {
            assert_eq!(timeout(text), Err(WRITE_TIMEOUT.to_owned()), "{text}");
        }
    }
}
