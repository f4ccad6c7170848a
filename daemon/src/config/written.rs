//! The form of the configuration in the file, and what can be wrong with it.

use apikeyd_policy::Position;
use core::fmt;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfig {
    pub(super) state_dir: Option<Spanned<String>>,
    pub(super) socket: Option<Spanned<String>>,
    pub(super) socket_mode: Option<Spanned<String>>,
    pub(super) page: Option<Spanned<String>>,
    pub(super) policy: Option<Spanned<String>>,
    pub(super) key_prefix: Option<Spanned<String>>,
    pub(super) keys: RawKeys,
    pub(super) rights: Option<RawRights>,
    pub(super) limits: RawLimits,
    pub(super) log: RawLog,
}

/// `[keys]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawKeys {
    pub(super) draft_minutes: Option<Spanned<i64>>,
    pub(super) retention_days: Option<Spanned<i64>>,
}

/// `[rights]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRights {
    pub(super) validate: RawHolders,
    pub(super) issue: RawHolders,
    pub(super) inspect: RawHolders,
    pub(super) admin: RawHolders,
}

/// Who has a right.
#[derive(Debug, Default)]
pub(super) struct RawHolders(pub(super) HolderTable);

/// The contents of [`RawHolders`].
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HolderTable {
    pub(super) users: Vec<Spanned<RawAccount>>,
    pub(super) groups: Vec<Spanned<RawAccount>>,
}

/// `[limits]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    pub(super) connections: Option<Spanned<i64>>,
    pub(super) connections_per_uid: Option<Spanned<i64>>,
    pub(super) idle_minutes: Option<Spanned<i64>>,
    pub(super) cache_mib: Option<Spanned<i64>>,
}

/// `[log]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLog {
    pub(super) level: Option<Spanned<String>>,
}

/// Handwritten, because a derived one also accepts `["alice"]` as the fields in order, and then reports
/// something that nobody wrote.
impl<'de> Deserialize<'de> for RawHolders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Holders;
        impl<'de> Visitor<'de> for Holders {
            type Value = RawHolders;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table like { users = [\"alice\"], groups = [\"web\"] }")
            }
            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RawHolders, M::Error> {
                HolderTable::deserialize(MapAccessDeserializer::new(map)).map(RawHolders)
            }
        }
        deserializer.deserialize_map(Holders)
    }
}

/// A user or group, by name or by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RawAccount {
    Name(String),
    Number(i64),
}

impl<'de> Deserialize<'de> for RawAccount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Account;
        impl Visitor<'_> for Account {
            type Value = RawAccount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name or the number of a user or group")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<RawAccount, E> {
                Ok(RawAccount::Name(name.to_owned()))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<RawAccount, E> {
                Ok(RawAccount::Number(number))
            }
        }
        deserializer.deserialize_any(Account)
    }
}

/// One diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Line and column, both from 1, the column in characters. `None` if it concerns the whole file, or
    /// something outside the file.
    pub position: Option<(usize, usize)>,
    /// What is wrong and what to do.
    pub message: String,
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, if one was read.
    pub file: Option<PathBuf>,
    /// At least one fault, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl ConfigError {
    pub(super) fn of_file(file: &Path, message: String) -> Self {
        Self { file: Some(file.to_owned()), diagnostics: vec![Diagnostic { position: None, message }] }
    }
}

impl core::error::Error for ConfigError {}

/// One line for each fault, `FILE:LINE:COLUMN: message`, in the form that editors can jump to.
impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut separator = "";
        for fault in &self.diagnostics {
            f.write_str(separator)?;
            separator = "\n";
            match (&self.file, fault.position) {
                (Some(file), Some((line, column))) => write!(f, "{}:{line}:{column}: ", file.display())?,
                (Some(file), None) => write!(f, "{}: ", file.display())?,
                (None, _) => {}
            }
            f.write_str(&fault.message)?;
        }
        Ok(())
    }
}

/// Collected faults, with byte offsets that become lines and columns at the end.
#[derive(Debug, Default)]
pub(super) struct Diagnostics(Vec<(Option<usize>, String)>);

impl Diagnostics {
    /// A fault at a byte of the file.
    pub(super) fn at(&mut self, offset: usize, message: impl Into<String>) {
        self.0.push((Some(offset), message.into()));
    }

    /// A fault in an argument or the environment.
    pub(super) fn outside(&mut self, message: impl Into<String>) {
        self.0.push((None, message.into()));
    }

    /// A fault at a byte of the file, or outside it.
    pub(super) fn add(&mut self, offset: Option<usize>, message: impl Into<String>) {
        self.0.push((offset, message.into()));
    }

    /// The error, if there were faults.
    pub(super) fn into_error(mut self, text: &str, file: Option<PathBuf>) -> Option<ConfigError> {
        self.0.sort_by_key(|(offset, _)| *offset);
        let mut position = Position::start(text);
        let located = |(offset, message): (Option<usize>, String)| Diagnostic {
            position: offset.map(|offset| position.advance(offset)),
            message,
        };
        let diagnostics: Vec<_> = self.0.into_iter().map(located).collect();
        (!diagnostics.is_empty()).then_some(ConfigError { file, diagnostics })
    }
}
