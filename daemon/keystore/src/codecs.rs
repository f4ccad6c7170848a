//! Records and audit rows as they are in the file, for campaigns that alter them. They seal with the pepper
//! that they are given: with the pepper one can make keys without them, and without it one cannot make any with
//! them.

use crate::database::{audit_codec, record_codec};
use crate::domain::KeyRecord;
use crate::secrets::Secrets;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::term::AuditRow;

/// The codecs under one pepper.
#[derive(Debug)]
pub struct Codecs(Secrets);

impl Codecs {
    /// With the keys derived from a pepper.
    #[must_use]
    pub fn new(pepper: &[u8; 32]) -> Self {
        Self(Secrets::derive(pepper))
    }

    /// The bytes of a record, sealed.
    #[must_use]
    pub fn write_record(&self, record: &KeyRecord) -> Vec<u8> {
        record_codec::encode(record, &self.0)
    }

    /// A record from bytes; `None` if they are not as they were sealed, or not a record.
    #[must_use]
    pub fn read_record(&self, key_id: KeyId, bytes: &[u8]) -> Option<KeyRecord> {
        record_codec::decode(key_id, bytes, &self.0).ok()
    }

    /// Any bytes, sealed as if they were a record.
    #[must_use]
    pub fn sealed(&self, key_id: KeyId, body: &[u8]) -> Vec<u8> {
        [body, &self.0.seal(key_id, body)].concat()
    }

    /// The bytes of an audit row without its link.
    #[must_use]
    pub fn write_row(&self, row: &AuditRow) -> Vec<u8> {
        audit_codec::encode(row.at, row.actor, &row.event)
    }

    /// An audit row from bytes without its link; `None` if they are not a row.
    #[must_use]
    pub fn read_row(&self, revision: u64, body: &[u8]) -> Option<AuditRow> {
        audit_codec::decode(revision, body).ok()
    }

    /// The link of a row to the previous one.
    #[must_use]
    pub fn link(&self, before: &[u8; 32], revision: u64, body: &[u8]) -> [u8; 32] {
        self.0.link(before, revision, body)
    }
}
