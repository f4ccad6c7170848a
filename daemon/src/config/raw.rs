//! The configuration file as it is written: names and shapes, nothing of the meaning.

use core::fmt;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
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

/// The inside of [`RawHolders`].
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

/// Written out, since a derived one also takes `["alice"]` apart as the fields in their order, and then
/// complains of something that nobody wrote.
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
