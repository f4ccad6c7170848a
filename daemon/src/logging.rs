//! The daemon's log: one line for each event on standard error, for the journal or a terminal.

mod line;

use crate::config::LogLevel;
use core::time::Duration;
use line::{Line, Style};
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging, and logs panics too. The second call in a process does nothing.
pub(crate) fn start(level: LogLevel) {
    let line = Line { style: style() };
    let layer = fmt::layer().with_writer(std::io::stderr).event_format(line);
    let filter = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    if tracing_subscriber::registry().with(filter).with(layer).try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let payload = panic.payload();
            let literal = payload.downcast_ref::<&str>().copied();
            let message = literal.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(message, place, "a fault in the daemon; please report it");
        }));
    }
}

/// Reports why the daemon does not start: through the log if it has been started, otherwise as a plain line.
#[expect(clippy::print_stderr, reason = "before the log begins there is nothing else")]
pub(crate) fn complain(line: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::error!("{line}");
    } else {
        eprintln!("apikeyd: {line}");
    }
}

fn style() -> Style {
    // JOURNAL_STREAM names the journal's socket by device and inode (systemd.exec(5)).
    let journal = std::env::var("JOURNAL_STREAM").ok().and_then(|stream| {
        let (device, inode) = stream.split_once(':')?;
        Some((device.parse::<u64>().ok()?, inode.parse::<u64>().ok()?))
    });
    let stderr = rustix::fs::fstat(std::io::stderr()).ok().map(|stat| (stat.st_dev, stat.st_ino));
    if journal.is_some() && journal == stderr {
        return Style::Journal;
    }
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Style::Lines { color: std::io::stderr().is_terminal() && !plain }
}

/// Events of one kind that are logged within one [`WINDOW`].
const MOST: u64 = 10;

/// The time after which events are logged again.
const WINDOW: Duration = Duration::from_secs(10);

/// Permission to log one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    /// Suppressed events since the last window, if any; a field of the log line.
    pub(crate) suppressed: Option<u64>,
}

/// Lets a few events of one kind through, and counts the others.
#[derive(Debug, Default)]
pub(crate) struct RateLimit(Mutex<Option<Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    events: u64,
}

impl RateLimit {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether to log an event that happens now.
    pub(crate) fn now(&self) -> Option<Pass> {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Option<Pass> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, events, suppressed) = match *window {
            Some(Window { since, events }) if now.duration_since(since) < WINDOW => (since, events + 1, 0),
            Some(Window { events, .. }) => (now, 1, events.saturating_sub(MOST)),
            None => (now, 1, 0),
        };
        *window = Some(Window { since, events });
        (events <= MOST).then_some(Pass { suppressed: (suppressed > 0).then_some(suppressed) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_of_a_window_pass_and_the_rest_are_counted() {
        let seldom = RateLimit::new();
        let start = Instant::now();
        let passed = (0..100).filter(|_| seldom.at(start) == Some(Pass { suppressed: None })).count();
        assert_eq!(passed, 10);
        assert_eq!(seldom.at(start + WINDOW - Duration::from_millis(1)), None);
        assert_eq!(
            seldom.at(start + WINDOW),
            Some(Pass { suppressed: Some(91) }),
            "all that were suppressed"
        );
        assert_eq!(seldom.at(start + WINDOW), Some(Pass { suppressed: None }));
    }
}
