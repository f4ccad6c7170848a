//! Checking the audit chain from its first row to its head.

use super::audit_codec;
use super::error::StoreError;
use super::schema::{AUDIT, Head};
use super::secrets::Secrets;
use super::view::View;
use apikeyd_protocol::message::{AuditFault, AuditHead, AuditReport};
use subtle::ConstantTimeEq;

impl View<'_> {
    /// Reads the whole chain in its order. `known_head` was seen before and must still be a row of it.
    pub(crate) fn verify(
        &self,
        store_id: &[u8; 16],
        known_head: Option<AuditHead>,
    ) -> Result<AuditReport, StoreError> {
        let head = self.head()?;
        let mut walk = Walk { rows: 0, link: self.secrets.root(store_id), known_head, fault: None };
        for entry in self.txn.open_table(AUDIT)?.range::<u64>(..)? {
            let (revision, row) = entry?;
            if let Err(fault) = walk.step(revision.value(), row.value(), self.secrets) {
                walk.fault = Some(fault);
                break;
            }
        }
        let fault = walk.fault.or_else(|| walk.end(&head));
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
}

impl Walk {
    fn step(&mut self, revision: u64, row: &[u8], secrets: &Secrets) -> Result<(), AuditFault> {
        let expected = self.rows + 1;
        if revision > expected {
            return Err(AuditFault::Missing { revision: expected });
        }
        let altered = AuditFault::Altered { revision };
        let (body, link) = audit_codec::split(row).map_err(|_| altered)?;
        let is_next = revision == expected
            && bool::from(secrets.link(&self.link, revision, body).ct_eq(link))
            && audit_codec::decode(revision, body).is_ok();
        if !is_next {
            return Err(altered);
        }
        self.rows = revision;
        self.link = *link;
        match self.known_head {
            Some(known) if known.revision == revision && known.mac != *link => {
                Err(AuditFault::KnownHeadLost { revision })
            }
            Some(known) if known.revision == revision => {
                self.known_head = None;
                Ok(())
            }
            Some(_) | None => Ok(()),
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
