//! Verifies the audit chain from its first row to its head, and the records against it.

use crate::database::audit_codec;
use crate::database::schema::{AUDIT, Head, KEYS};
use crate::database::view::{self, View};
use crate::error::StoreError;
use crate::pace::Pace;
use crate::secrets::Secrets;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::term::{AuditEvent, AuditFault, AuditHead, KeyState};
use redb::ReadableTable;
use subtle::ConstantTimeEq;

/// The outcome of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// The number of rows, from the first, that are as they were written.
    pub rows: u64,
    /// The chain's end as stored.
    pub head: AuditHead,
    /// The first fault found.
    pub fault: Option<AuditFault>,
}

impl View<'_> {
    /// Reads the whole chain in order. `known_head` was seen earlier and must still be a row of the chain. A
    /// key that a row revoked must not be stored as active: each record is sealed, but an older record that was
    /// kept and put back has a correct seal too.
    pub fn verify(
        &self,
        store_id: &[u8; 16],
        known_head: Option<AuditHead>,
        pace: &Pace<'_>,
    ) -> Result<ChainReport, StoreError> {
        let head = self.head()?;
        let keys = self.txn.open_table(KEYS)?;
        let mut walk = Walk { rows: 0, link: self.secrets.root(store_id), known_head, fault: None };
        let mut undone = None;
        for entry in self.txn.open_table(AUDIT)?.range::<u64>(..)? {
            pace.row()?;
            let (revision, row) = entry?;
            match walk.step(revision.value(), row.value(), self.secrets) {
                Ok(event) if undone.is_none() && is_undone(&event, &keys, self.secrets) => {
                    undone = Some(AuditFault::RevocationUndone { revision: revision.value() });
                }
                Ok(_) => {}
                Err(fault) => {
                    walk.fault = Some(fault);
                    break;
                }
            }
        }
        let fault = walk.fault.or_else(|| walk.end(&head)).or(undone);
        let head = AuditHead { revision: head.revision, mac: head.link };
        Ok(ChainReport { rows: walk.rows, head, fault })
    }
}

/// A walk along the chain.
struct Walk {
    /// The number of rows that are as they were written; the next row has this revision plus one.
    rows: u64,
    /// The link of the last correct row.
    link: [u8; 32],
    /// Not encountered yet.
    known_head: Option<AuditHead>,
    fault: Option<AuditFault>,
}

/// Whether a row revoked a key that is stored as active.
fn is_undone(event: &AuditEvent, keys: &impl ReadableTable<u64, &'static [u8]>, secrets: &Secrets) -> bool {
    let Some(key_id) = revoked_by(event) else { return false };
    // A record that does not decode accepts nothing; those who read it report it.
    let record = view::record(keys, key_id, secrets).ok().flatten();
    record.is_some_and(|record| record.state == KeyState::Active)
}

/// The key that a change revoked. An id is not reused while its record is kept, and afterwards only by chance.
const fn revoked_by(event: &AuditEvent) -> Option<KeyId> {
    match event {
        AuditEvent::KeyReplaced { replaced: key_id, .. }
        | AuditEvent::KeyDeleted { key_id, .. }
        | AuditEvent::CredentialsChanged { key_id, .. }
        | AuditEvent::UserDeleted { key_id, .. }
        | AuditEvent::KeyExpired { key_id, .. } => Some(*key_id),
        AuditEvent::StoreCreated
        | AuditEvent::KeyAdded { .. }
        | AuditEvent::RecordPurged { .. }
        | AuditEvent::PolicyLoaded { .. }
        | AuditEvent::BackupTaken => None,
    }
}

impl Walk {
    fn step(&mut self, revision: u64, row: &[u8], secrets: &Secrets) -> Result<AuditEvent, AuditFault> {
        let expected = self.rows + 1;
        if revision > expected {
            return Err(AuditFault::Missing { revision: expected });
        }
        let altered = AuditFault::Altered { revision };
        let (body, link) = audit_codec::split(row).map_err(|_| altered)?;
        let is_next =
            revision == expected && bool::from(secrets.link(&self.link, revision, body).ct_eq(link));
        let Some(row) = audit_codec::decode(revision, body).ok().filter(|_| is_next) else {
            return Err(altered);
        };
        self.rows = revision;
        self.link = *link;
        match self.known_head {
            Some(known) if known.revision == revision && known.mac != *link => {
                return Err(AuditFault::KnownHeadLost { revision });
            }
            Some(known) if known.revision == revision => self.known_head = None,
            Some(_) | None => {}
        }
        Ok(row.event)
    }

    /// Faults that only the end of the chain reveals.
    fn end(&self, head: &Head) -> Option<AuditFault> {
        if self.rows < head.revision {
            Some(AuditFault::Missing { revision: self.rows + 1 })
        } else if self.rows > head.revision || self.link != head.link {
            Some(AuditFault::HeadAltered)
        } else {
            self.known_head.map(|known| AuditFault::KnownHeadLost { revision: known.revision })
        }
    }
}
