//! Checking the audit chain from its first row to its head, and the records against it.

use super::audit_codec;
use super::error::StoreError;
use super::schema::{AUDIT, Head, KEYS};
use super::secrets::Secrets;
use super::view::{self, View};
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{AuditEvent, AuditFault, AuditHead, AuditReport, KeyState};
use subtle::ConstantTimeEq;

impl View<'_> {
    /// Reads the whole chain in its order. `known_head` was seen before and must still be a row of it. A key that
    /// a row ended must not be stored as active: each record is sealed, but an older one, kept and put back, has
    /// its seal as well.
    pub(crate) fn verify(
        &self,
        store_id: &[u8; 16],
        known_head: Option<AuditHead>,
    ) -> Result<AuditReport, StoreError> {
        let head = self.head()?;
        let mut walk =
            Walk { rows: 0, link: self.secrets.root(store_id), known_head, fault: None, undone: None };
        let keys = self.txn.open_table(KEYS)?;
        for entry in self.txn.open_table(AUDIT)?.range::<u64>(..)? {
            let (revision, row) = entry?;
            let revision = revision.value();
            let undone = match walk.step(revision, row.value(), self.secrets) {
                Ok(event) => ended_by(&event).is_some_and(|key_id| {
                    // A record that does not decode accepts nothing; it is the concern of whoever reads it.
                    let record = view::record(&keys, key_id, self.secrets).ok().flatten();
                    record.is_some_and(|record| record.state == KeyState::Active)
                }),
                Err(fault) => {
                    walk.fault = Some(fault);
                    break;
                }
            };
            if undone && walk.undone.is_none() {
                walk.undone = Some(AuditFault::EndUndone { revision });
            }
        }
        let fault = walk.fault.or_else(|| walk.end(&head)).or(walk.undone);
        let head = AuditHead { revision: head.revision, mac: head.link };
        Ok(AuditReport { rows: walk.rows, head, fault })
    }
}

/// A walk along the chain.
struct Walk {
    /// Rows that are as they were written; the next one has this revision plus one.
    rows: u64,
    /// The last good row's link.
    link: [u8; 32],
    /// Not met yet.
    known_head: Option<AuditHead>,
    fault: Option<AuditFault>,
    /// The first end that the records contradict. Told when the chain itself is whole.
    undone: Option<AuditFault>,
}

/// The key that a change ended. Ids are not given twice while their record is kept, and by chance alone after.
const fn ended_by(event: &AuditEvent) -> Option<KeyId> {
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
                Err(AuditFault::KnownHeadLost { revision })
            }
            Some(known) if known.revision == revision => {
                self.known_head = None;
                Ok(row.event)
            }
            Some(_) | None => Ok(row.event),
        }
    }

    /// What only the end of the chain can tell.
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
