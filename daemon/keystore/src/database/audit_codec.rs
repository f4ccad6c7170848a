//! An audit row as stored in the audit table, under its revision.
//!
//! ```text
//! 0  version u8 = 1     1  at u64     9  actor u8: 0 daemon, 1 peer     10  uid u32   14  gid u32   18  pid u32
//! 22 event u8, then the event's fields in the order of its declaration     .. link 32
//! ```
//!
//! The link is a hash, keyed by the pepper, over the link of the previous row, the revision, and all bytes
//! before it. The layout is frozen: a new one gets a new version.

use crate::database::schema::{Fields, put_text};
use crate::error::Malformed;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::{Actor, AuditEvent, AuditRow, CredentialsCause};
use apikeyd_protocol::time::Timestamp;

const VERSION: u8 = 1;

/// Bytes of a link.
pub(crate) const LINK: usize = 32;

/// The bytes of a row without its link.
pub(crate) fn encode(at: Timestamp, actor: Actor, event: &AuditEvent) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.push(VERSION);
    out.extend_from_slice(&at.unix_millis().to_le_bytes());
    let (kind, uid, gid, pid) = match actor {
        Actor::Daemon => (0, 0, 0, 0),
        Actor::Peer { uid, gid, pid } => (1, uid, gid, pid),
    };
    out.push(kind);
    out.extend_from_slice(&uid.to_le_bytes());
    out.extend_from_slice(&gid.to_le_bytes());
    out.extend_from_slice(&pid.to_le_bytes());
    put_event(&mut out, event);
    out
}

fn put_event(out: &mut Vec<u8>, event: &AuditEvent) {
    let mut put_key = |code: u8, key_id: &KeyId, user: &UserId| {
        out.push(code);
        out.extend_from_slice(&key_id.get().to_le_bytes());
        put_text(out, user.as_str());
    };
    match event {
        AuditEvent::KeyAdded { key_id, user } => put_key(2, key_id, user),
        AuditEvent::KeyDeleted { key_id, user } => put_key(4, key_id, user),
        AuditEvent::UserDeleted { key_id, user } => put_key(6, key_id, user),
        AuditEvent::KeyExpired { key_id, user } => put_key(7, key_id, user),
        AuditEvent::KeyReplaced { key_id, replaced, user } => {
            out.push(3);
            out.extend_from_slice(&key_id.get().to_le_bytes());
            out.extend_from_slice(&replaced.get().to_le_bytes());
            put_text(out, user.as_str());
        }
        AuditEvent::CredentialsChanged { key_id, user, cause } => {
            put_key(5, key_id, user);
            out.push(match cause {
                CredentialsCause::Change => 0,
                CredentialsCause::Reset => 1,
            });
        }
        AuditEvent::RecordPurged { key_id } => {
            out.push(8);
            out.extend_from_slice(&key_id.get().to_le_bytes());
        }
        AuditEvent::PolicyLoaded { rows, hash } => {
            out.push(9);
            out.extend_from_slice(&rows.to_le_bytes());
            out.extend_from_slice(hash);
        }
        AuditEvent::StoreCreated => out.push(1),
        AuditEvent::BackupTaken => out.push(10),
    }
}

/// Splits a stored row into the bytes that its link covers and the link.
pub(crate) fn split(bytes: &[u8]) -> Result<(&[u8], &[u8; LINK]), Malformed> {
    bytes.split_last_chunk::<LINK>().ok_or(Malformed)
}

/// Reads a row without its link.
pub(crate) fn decode(revision: u64, body: &[u8]) -> Result<AuditRow, Malformed> {
    let mut fields = Fields::new(body);
    if fields.u8()? != VERSION {
        return Err(Malformed);
    }
    let at = Timestamp::from_unix_millis(fields.u64()?);
    let (kind, uid, gid, pid) = (fields.u8()?, fields.u32()?, fields.u32()?, fields.u32()?);
    let actor = match kind {
        // One form for each row: otherwise caller fields in the daemon's own row would be read and dropped.
        0 if (uid, gid, pid) == (0, 0, 0) => Actor::Daemon,
        1 => Actor::Peer { uid, gid, pid },
        _ => return Err(Malformed),
    };
    let event = event(&mut fields)?;
    fields.end()?;
    Ok(AuditRow { revision, at, actor, event })
}

fn event(fields: &mut Fields<'_>) -> Result<AuditEvent, Malformed> {
    Ok(match fields.u8()? {
        1 => AuditEvent::StoreCreated,
        2 => AuditEvent::KeyAdded { key_id: key_id(fields)?, user: user(fields)? },
        3 => AuditEvent::KeyReplaced {
            key_id: key_id(fields)?,
            replaced: key_id(fields)?,
            user: user(fields)?,
        },
        4 => AuditEvent::KeyDeleted { key_id: key_id(fields)?, user: user(fields)? },
        5 => AuditEvent::CredentialsChanged {
            key_id: key_id(fields)?,
            user: user(fields)?,
            cause: match fields.u8()? {
                0 => CredentialsCause::Change,
                1 => CredentialsCause::Reset,
                _ => return Err(Malformed),
            },
        },
        6 => AuditEvent::UserDeleted { key_id: key_id(fields)?, user: user(fields)? },
        7 => AuditEvent::KeyExpired { key_id: key_id(fields)?, user: user(fields)? },
        8 => AuditEvent::RecordPurged { key_id: key_id(fields)? },
        9 => AuditEvent::PolicyLoaded { rows: fields.u32()?, hash: fields.array()? },
        10 => AuditEvent::BackupTaken,
        _ => return Err(Malformed),
    })
}

fn key_id(fields: &mut Fields<'_>) -> Result<KeyId, Malformed> {
    KeyId::new(fields.u64()?).map_err(|_| Malformed)
}

fn user(fields: &mut Fields<'_>) -> Result<UserId, Malformed> {
    UserId::parse(fields.text()?).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests;
