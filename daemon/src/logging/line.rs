//! How an event is written: time, level, message, and `name=value` for each field.
//!
//! Under systemd the journal knows the time, and takes the level from a `<N>` prefix (sd-daemon(3)). Values
//! come from callers, so nothing in them may affect a terminal or begin a new line.

use apikeyd_protocol::text::forges_display;
use apikeyd_protocol::time::Timestamp;
use core::fmt::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Where log lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// The journal.
    Journal,
    /// A terminal or a file.
    Lines {
        /// Whether to colour levels.
        color: bool,
    },
}

/// Writes events as lines.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) style: Style,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        match self.style {
            Style::Journal => write!(writer, "<{}>", priority(level))?,
            Style::Lines { color } => {
                write_time(&mut writer, now())?;
                let (on, off) = if color { (color_of(level), "\u{1b}[0m") } else { ("", "") };
                write!(writer, " {on}{level:>5}{off} ")?;
            }
        }
        let mut fields = Fields { message: String::new(), others: String::new() };
        event.record(&mut fields);
        writeln!(writer, "{}{}", fields.message, fields.others)
    }
}

/// The level's number in the journal (syslog(3)).
const fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

const fn color_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        _ => "\u{1b}[2m",
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// RFC 3339 in UTC, by the civil-from-days algorithm (Howard Hinnant, "chrono-compatible low-level date
/// algorithms"), which is exact for every date.
fn write_time(out: &mut impl fmt::Write, at: Timestamp) -> fmt::Result {
    let millis = at.unix_millis();
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// The parts of an event, escaped.
struct Fields {
    message: String,
    others: String,
}

impl Fields {
    fn add(&mut self, field: &Field, value: &dyn fmt::Display) {
        // Writing to a String cannot fail.
        if field.name() == "message" {
            let _ = write!(Escaped { out: &mut self.message, quoted: false }, "{value}");
        } else {
            let _ = write!(self.others, " {}=", field.name());
            let mut plain = String::new();
            let _ = write!(plain, "{value}");
            if plain.is_empty() || plain.contains([' ', '"', '=', '\\']) {
                self.others.push('"');
                let _ = Escaped { out: &mut self.others, quoted: true }.write_str(&plain);
                self.others.push('"');
            } else {
                let _ = Escaped { out: &mut self.others, quoted: false }.write_str(&plain);
            }
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, &value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn core::error::Error + 'static)) {
        self.add(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format_args!("{value:?}"));
    }
}

/// Writes text so that nothing in it ends the line or affects a terminal.
struct Escaped<'a> {
    out: &'a mut String,
    quoted: bool,
}

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '"' | '\\' if self.quoted => self.out.extend(['\\', character]),
                forging if forges_display(forging) => self.out.extend(forging.escape_unicode()),
                plain => self.out.push(plain),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt as _;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(style: Style, log: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer =
            tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).event_format(Line { style });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_journal_gets_the_level_as_a_number() {
        let text = logged(Style::Journal, || {
            tracing::error!("a");
            tracing::warn!(path = "/x y", n = 3, "b");
            tracing::info!(empty = "", "c");
            tracing::debug!("d");
        });
        assert_eq!(text, "<3>a\n<4>b path=\"/x y\" n=3\n<6>c empty=\"\"\n<7>d\n");
    }

    #[test]
    fn nothing_in_a_value_forges_the_log() {
        let hostile = "x\n<3>forged \u{1b}[2J\u{9b}\u{202E}\u{2028}\"quote\\";
        let text = logged(Style::Journal, || tracing::info!(value = hostile, "said {hostile}"));
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202E}', '\u{2028}', '\r']), "{text:?}");
        assert!(text.contains(r#"\u{a}<3>forged \u{1b}[2J\u{9b}\u{202e}\u{2028}\"quote\\""#), "{text}");
    }

    #[test]
    fn color_only_where_it_is_asked_for() {
        let log = || tracing::warn!("w");
        let plain = logged(Style::Lines { color: false }, log);
        assert!(plain.ends_with("Z  WARN w\n") && !plain.contains('\u{1b}'), "{plain:?}");
        assert!(logged(Style::Lines { color: true }, log).contains("\u{1b}[33m WARN\u{1b}[0m w\n"));
    }

    #[test]
    fn times_are_right() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ];
        for (millis, expected) in cases {
            let mut text = String::new();
            write_time(&mut text, Timestamp::from_unix_millis(millis)).unwrap();
            assert_eq!(text, expected);
        }
    }
}
