//! The daemon's log: one line for each event on standard error, for the journal or for a terminal.

mod line;
mod seldom;

pub(crate) use seldom::Seldom;

use crate::config::LogLevel;
use line::{Line, Style};
use std::io::IsTerminal as _;
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
            tracing::error!(message, place, "a fault of the daemon; please report it");
        }));
    }
}

/// Says why the daemon does not start: through the log where it has begun, as a plain line before.
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
