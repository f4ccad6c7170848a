//! The tables, and the head of the store.
//!
//! | table | key | value | written with |
//! |---|---|---|---|
//! | `meta` | name | see [`Head`] and the constants | every change |
//! | `keys` | key id | record, see `record_codec` | changes of keys |
//! | `active` | user | id of the active key | changes of keys |
//! | `due` | expiry, key id | | active keys that have an expiry, so that the sweep is a range |
//! | `ended` | revocation, key id | | revoked keys, so that retention is a range |
//! | `audit` | revision | row, see `audit_codec` | every change |
//! | `used` | key id | last use | by the flush, without a change |

use crate::error::Malformed;
use redb::TableDefinition;

/// The layout of the tables. Incremented with each migration.
pub(crate) const SCHEMA: u32 = 1;

pub(crate) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
pub(crate) const KEYS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("keys");
pub(crate) const ACTIVE: TableDefinition<'_, &str, u64> = TableDefinition::new("active");
pub(crate) const DUE: TableDefinition<'_, (u64, u64), ()> = TableDefinition::new("due");
pub(crate) const REVOKED: TableDefinition<'_, (u64, u64), ()> = TableDefinition::new("ended");
pub(crate) const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
pub(crate) const USED: TableDefinition<'_, u64, u64> = TableDefinition::new("used");

/// In `meta`: u32, [`SCHEMA`].
pub(crate) const META_SCHEMA: &str = "schema";
/// In `meta`: 16 random bytes, made with the store.
pub(crate) const META_STORE_ID: &str = "store-id";
/// In `meta`: what identifies the pepper.
pub(crate) const META_PEPPER: &str = "pepper-check";
/// In `meta`: [`Head`].
pub(crate) const META_HEAD: &str = "head";
/// In `meta`: u64, the number of opens.
pub(crate) const META_INSTANCE: &str = "instance";
/// In `meta`: BLAKE3 of the text of the policy table last put in force.
pub(crate) const META_POLICY: &str = "policy";

/// In `meta`: the files in force, see `files_codec`. Not in every store: earlier daemons did not write it.
pub(crate) const META_FILES: &str = "files";

/// The end of the audit chain, and the counts that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last change.
    pub revision: u64,
    /// The last audit row's link.
    pub link: [u8; 32],
    /// Records stored as active.
    pub active: u64,
    /// Records stored as revoked.
    pub revoked: u64,
}

impl Head {
    const BYTES: usize = 56;

    pub(crate) fn encode(&self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        let counts = [self.revision, self.active, self.revoked].map(u64::to_le_bytes);
        let bytes = counts.iter().flatten().chain(&self.link);
        out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(bytes);
        let head = Self {
            revision: fields.u64()?,
            active: fields.u64()?,
            revoked: fields.u64()?,
            link: fields.array()?,
        };
        fields.end()?;
        Ok(head)
    }
}

/// Takes fields from the front of a value.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next `length` bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// A text preceded by its length in one byte.
    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::from(self.u8()?);
        core::str::from_utf8(self.bytes(length)?).map_err(|_| Malformed)
    }

    /// Nothing may be left over.
    pub(crate) const fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// Appends a text preceded by its length in one byte. Names and labels are checked on entry, so they fit.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend(text.bytes().take(usize::from(length)));
}
