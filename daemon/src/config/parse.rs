//! From the form in the file to the form in the program. Collects every fault, so that one run shows all of
//! them.

use super::place::CommandLine;
use super::place::Place;
use super::rights_section;
use super::rights_section::Accounts;
use super::values::{CACHE_MIB, DAY, DRAFT_MINUTES, MIB, MINUTE, RETENTION_DAYS};
use super::values::{Config, Limits, LogLevel, Socket};
use super::written::RawConfig;
use super::written::{ConfigError, Diagnostics};
use apikeyd_keystore::domain::PolicySource;
use apikeyd_protocol::key::KeyPrefix;
use core::ops::RangeInclusive;
use core::time::Duration;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// The name of the compiled-in table in the configuration and on the command line.
const COMPILED_IN: &str = "compiled-in";

/// Maximum number of dots outside quotes: one more than a file that writes all keys without sections has. The
/// parser builds a map of two kilobytes for each.
const MAX_DOTS: usize = 24;

/// Combines file, arguments and place.
pub(super) fn parse(
    text: &str,
    file: Option<PathBuf>,
    command_line: &CommandLine,
    place: &Place,
    accounts: &dyn Accounts,
) -> Result<Config, ConfigError> {
    let mut diagnostics = Diagnostics::default();
    let raw = read(text, &mut diagnostics);
    if let Some(error) = diagnostics.into_error(text, file.clone()) {
        return Err(error);
    }
    let mut diagnostics = Diagnostics::default();
    let rights = match &raw.rights {
        Some(section) => rights_section::explicit(section, place.uid, accounts, &mut diagnostics),
        None => rights_section::shipped(place.uid, accounts, &mut diagnostics),
    };
    let retention_days = bounded(
        "keys.retention_days",
        raw.keys.retention_days.as_ref(),
        0..=36_500,
        RETENTION_DAYS,
        &mut diagnostics,
    );
    let draft_minutes = bounded(
        "keys.draft_minutes",
        raw.keys.draft_minutes.as_ref(),
        1..=1_440,
        DRAFT_MINUTES,
        &mut diagnostics,
    );
    let cache_mib = bounded(
        "limits.cache_mib",
        raw.limits.cache_mib.as_ref(),
        1..=1_048_576,
        CACHE_MIB,
        &mut diagnostics,
    );
    let config = Config {
        state_dir: state_dir(&raw, command_line, place, &mut diagnostics),
        socket: socket(&raw, command_line, place, &mut diagnostics),
        page: path("page", raw.page.as_ref(), None, &mut diagnostics),
        policy: policy(&raw, command_line, &mut diagnostics),
        key_prefix: key_prefix(raw.key_prefix.as_ref(), &mut diagnostics),
        draft_ttl: Duration::from_secs(draft_minutes * MINUTE),
        retention: (retention_days > 0).then(|| Duration::from_secs(retention_days * DAY)),
        cache_bytes: cache_mib.saturating_mul(MIB),
        rights,
        limits: limits(&raw, &mut diagnostics),
        log: log(raw.log.level.as_ref(), place, &mut diagnostics),
        is_empty: text.is_empty() && file.is_some(),
        file: file.clone(),
    };
    diagnostics.into_error(text, file).map_or(Ok(config), Err)
}

/// Reads the TOML, or records its first fault. Counts dots before the parser builds anything from them.
fn read(text: &str, diagnostics: &mut Diagnostics) -> RawConfig {
    let mut dots = Source::new(text).lex().filter(|token| token.kind() == TokenKind::Dot);
    if let Some(dot) = dots.nth(MAX_DOTS) {
        let message =
            format!("more than {MAX_DOTS} dots outside quotes; write sections, such as [keys], instead");
        diagnostics.at(dot.span().start(), message);
        return RawConfig::default();
    }
    toml::from_str(text).unwrap_or_else(|error| {
        let message = error.message().trim_end().replace('\n', "; ");
        diagnostics.add(error.span().map(|span| span.start), message);
        RawConfig::default()
    })
}

fn state_dir(
    raw: &RawConfig,
    command_line: &CommandLine,
    place: &Place,
    diagnostics: &mut Diagnostics,
) -> PathBuf {
    let given = path("state_dir", raw.state_dir.as_ref(), command_line.state_dir.as_deref(), diagnostics);
    given.or_else(|| place.default_state_dir()).unwrap_or_else(|| {
        diagnostics.outside(
            "there is no default directory for the database, because neither XDG_STATE_HOME nor HOME is set; \
             name one with --state-dir",
        );
        PathBuf::new()
    })
}

fn socket(
    raw: &RawConfig,
    command_line: &CommandLine,
    place: &Place,
    diagnostics: &mut Diagnostics,
) -> Socket {
    let mode = match &raw.socket_mode {
        Some(text) => socket_mode(text, diagnostics),
        None => place.default_socket_mode(),
    };
    if raw.socket.is_some() || command_line.socket.is_some() {
        let given = path("socket", raw.socket.as_ref(), command_line.socket.as_deref(), diagnostics);
        let path = given.unwrap_or_default();
        let make_directory = place.default_socket().is_some_and(|default| default == path);
        return Socket { path, mode, make_directory };
    }
    let path = place.default_socket().unwrap_or_else(|| {
        diagnostics.outside(
            "there is no default path for the socket, because XDG_RUNTIME_DIR is not set; name one with --socket",
        );
        PathBuf::new()
    });
    Socket { path, mode, make_directory: true }
}

fn socket_mode(text: &Spanned<String>, diagnostics: &mut Diagnostics) -> u32 {
    match u32::from_str_radix(text.get_ref(), 8) {
        // The owner must be able to connect: the daemon checks itself through its socket.
        Ok(mode) if mode <= 0o777 && mode & 0o600 == 0o600 => mode,
        Ok(_) | Err(_) => {
            let message = format!(
                "socket_mode is {:?}; write the permission bits in octal, from \"0600\" to \"0777\", with read and write for the owner",
                text.get_ref()
            );
            diagnostics.at(text.span().start, message);
            0o600
        }
    }
}

/// A path from the command line, which is relative to the current directory, or from the file, which must be
/// absolute: operators do not think of a service as having a current directory.
fn path(
    name: &str,
    in_file: Option<&Spanned<String>>,
    given: Option<&Path>,
    diagnostics: &mut Diagnostics,
) -> Option<PathBuf> {
    if let Some(given) = given {
        return match std::path::absolute(given) {
            Ok(path) => Some(path),
            Err(error) => {
                diagnostics.outside(format!("{name} {given:?} is not usable: {error}"));
                None
            }
        };
    }
    let in_file = in_file?;
    let path = PathBuf::from(in_file.get_ref());
    if !path.is_absolute() || in_file.get_ref().contains('\0') {
        let message = format!("{name} is {:?}; write an absolute path, beginning with /", in_file.get_ref());
        diagnostics.at(in_file.span().start, message);
    }
    Some(path)
}

/// A file's table or the compiled-in one. The latter is named `compiled-in`, which no absolute path is, or used
/// if nothing is named. A file of that name in the current directory is `./compiled-in`.
fn policy(raw: &RawConfig, command_line: &CommandLine, diagnostics: &mut Diagnostics) -> PolicySource {
    let (in_file, given) = (raw.policy.as_ref(), command_line.policy.as_deref());
    let is_compiled_in = match (given, in_file) {
        (Some(given), _) => given == Path::new(COMPILED_IN),
        (None, Some(in_file)) => in_file.get_ref() == COMPILED_IN,
        (None, None) => false,
    };
    if is_compiled_in {
        return PolicySource::CompiledIn;
    }
    path("policy", in_file, given, diagnostics).map_or(PolicySource::Unnamed, PolicySource::File)
}

fn key_prefix(text: Option<&Spanned<String>>, diagnostics: &mut Diagnostics) -> KeyPrefix {
    let Some(text) = text else { return KeyPrefix::default() };
    KeyPrefix::parse(text.get_ref().as_bytes()).unwrap_or_else(|error| {
        diagnostics.at(text.span().start, format!("key_prefix is {:?}; {error}", text.get_ref()));
        KeyPrefix::default()
    })
}

fn limits(raw: &RawConfig, diagnostics: &mut Diagnostics) -> Limits {
    let (raw, default) = (&raw.limits, Limits::default());
    let connections =
        bounded("limits.connections", raw.connections.as_ref(), 1..=65_536, default.connections, diagnostics);
    let connections_per_uid = bounded(
        "limits.connections_per_uid",
        raw.connections_per_uid.as_ref(),
        1..=65_536,
        default.connections_per_uid,
        diagnostics,
    );
    let default_idle = default.idle.as_secs() / MINUTE;
    let idle_minutes =
        bounded("limits.idle_minutes", raw.idle_minutes.as_ref(), 1..=1_440, default_idle, diagnostics);
    Limits { connections, connections_per_uid, idle: Duration::from_secs(idle_minutes * MINUTE) }
}

fn log(in_file: Option<&Spanned<String>>, place: &Place, diagnostics: &mut Diagnostics) -> LogLevel {
    let from_file = in_file.map(|text| {
        LogLevel::parse(text.get_ref()).unwrap_or_else(|| {
            let message = format!("log.level is {:?}; write error, warn, info or debug", text.get_ref());
            diagnostics.at(text.span().start, message);
            LogLevel::default()
        })
    });
    let Some(variable) = &place.log else { return from_file.unwrap_or_default() };
    variable.to_str().and_then(LogLevel::parse).unwrap_or_else(|| {
        diagnostics.outside(format!("APIKEYD_LOG is {variable:?}; write error, warn, info or debug"));
        LogLevel::default()
    })
}

impl LogLevel {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "error" => Some(Self::Error),
            "warn" => Some(Self::Warn),
            "info" => Some(Self::Info),
            "debug" => Some(Self::Debug),
            _ => None,
        }
    }
}

/// The number if it is in the range; the default if it is missing; otherwise a fault.
///
/// `N` is a type that can represent the whole range.
pub(super) fn bounded<N: TryFrom<i64>>(
    name: &str,
    value: Option<&Spanned<i64>>,
    range: RangeInclusive<i64>,
    default: N,
    diagnostics: &mut Diagnostics,
) -> N {
    let Some(value) = value else { return default };
    let number = *value.get_ref();
    match N::try_from(number) {
        Ok(fits) if range.contains(&number) => fits,
        Ok(_) | Err(_) => {
            let (least, most) = (range.start(), range.end());
            diagnostics
                .at(value.span().start, format!("{name} is {number}; it must be from {least} to {most}"));
            default
        }
    }
}
