//! A key record as stored in the table of keys.
//!
//! ```text
//! 0  version u8 = 1      1  tag 32          33  created_at u64   41  created_by u32   45  saved_as u8
//! 46 replaced u64, 0 none    54 expires_at u64, 0 none    62 state u8, 0 active    63 revoked_at u64
//! 71 user: length u8, text   .. label: length u8 (0 none), text    .. seal 32
//! ```
//!
//! The seal is a hash, keyed by the pepper, over the key's id and all bytes before it. The layout is frozen: a
//! new one gets a new version.

use crate::database::schema::{Fields, put_text};
use crate::domain::{KeyRecord, KeyTag};
use crate::error::Malformed;
use crate::secrets::Secrets;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::{KeyState, RevocationCause, SaveMode};
use apikeyd_protocol::time::Timestamp;

const VERSION: u8 = 1;
const SEAL: usize = 32;

/// The bytes of a record, sealed.
pub(crate) fn encode(record: &KeyRecord, secrets: &Secrets) -> Vec<u8> {
    let label = record.label.as_ref().map_or("", Label::as_str);
    let mut out = Vec::with_capacity(73 + record.user.as_str().len() + label.len() + SEAL);
    out.push(VERSION);
    out.extend_from_slice(record.tag.as_bytes());
    out.extend_from_slice(&record.created_at.unix_millis().to_le_bytes());
    out.extend_from_slice(&record.created_by.to_le_bytes());
    out.push(match record.saved_as {
        SaveMode::Add => 0,
        SaveMode::Replace => 1,
    });
    out.extend_from_slice(&record.replaced.map_or(0, KeyId::get).to_le_bytes());
    out.extend_from_slice(&record.expires_at.map_or(0, Timestamp::unix_millis).to_le_bytes());
    let (state, revoked_at) = match record.state {
        KeyState::Active => (0, 0),
        KeyState::Revoked { cause, at } => (cause_code(cause), at.unix_millis()),
    };
    out.push(state);
    out.extend_from_slice(&revoked_at.to_le_bytes());
    put_text(&mut out, record.user.as_str());
    put_text(&mut out, label);
    let seal = secrets.seal(record.key_id, &out);
    out.extend_from_slice(&seal);
    out
}

/// Reads a record, checking the seal first: bytes that it does not cover are never interpreted.
pub(crate) fn decode(key_id: KeyId, bytes: &[u8], secrets: &Secrets) -> Result<KeyRecord, Malformed> {
    let (body, seal) = bytes.split_last_chunk::<SEAL>().ok_or(Malformed)?;
    if !secrets.is_sealed(key_id, body, seal) {
        return Err(Malformed);
    }
    let mut fields = Fields::new(body);
    if fields.u8()? != VERSION {
        return Err(Malformed);
    }
    let record = KeyRecord {
        key_id,
        tag: KeyTag::from_bytes(fields.array()?),
        created_at: Timestamp::from_unix_millis(fields.u64()?),
        created_by: fields.u32()?,
        saved_as: match fields.u8()? {
            0 => SaveMode::Add,
            1 => SaveMode::Replace,
            _ => return Err(Malformed),
        },
        replaced: optional(fields.u64()?).map(KeyId::new).transpose().map_err(|_| Malformed)?,
        expires_at: optional(fields.u64()?).map(Timestamp::from_unix_millis),
        state: state(fields.u8()?, fields.u64()?)?,
        user: UserId::parse(fields.text()?).map_err(|_| Malformed)?,
        label: match fields.text()? {
            "" => None,
            text => Some(Label::parse(text).map_err(|_| Malformed)?),
        },
    };
    fields.end()?;
    Ok(record)
}

/// Zero means none in fields where it cannot be a value.
const fn optional(value: u64) -> Option<u64> {
    if value == 0 { None } else { Some(value) }
}

const fn cause_code(cause: RevocationCause) -> u8 {
    match cause {
        RevocationCause::Deleted => 1,
        RevocationCause::Replaced => 2,
        RevocationCause::CredentialsChanged => 3,
        RevocationCause::UserDeleted => 4,
        RevocationCause::Expired => 5,
    }
}

const fn state(code: u8, revoked_at: u64) -> Result<KeyState, Malformed> {
    let cause = match code {
        0 if revoked_at == 0 => return Ok(KeyState::Active),
        1 => RevocationCause::Deleted,
        2 => RevocationCause::Replaced,
        3 => RevocationCause::CredentialsChanged,
        4 => RevocationCause::UserDeleted,
        5 => RevocationCause::Expired,
        _ => return Err(Malformed),
    };
    Ok(KeyState::Revoked { cause, at: Timestamp::from_unix_millis(revoked_at) })
}

#[cfg(test)]
mod tests;
