//! Reading: one consistent view of the committed store.

use crate::database::audit_codec;
use crate::database::files_codec;
use crate::database::record_codec;
use crate::database::schema::{
    ACTIVE, AUDIT, DUE, Head, KEYS, META, META_FILES, META_HEAD, META_POLICY, REVOKED, USED,
};
use crate::domain::{Before, FilesInForce, KeyRecord};
use crate::error::StoreError;
use crate::pace::Pace;
use crate::secrets::Secrets;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::AuditRow;
use apikeyd_protocol::time::Timestamp;
use core::fmt;
use core::ops::Bound;
use redb::{Database, ReadTransaction, ReadableDatabase as _, ReadableTable};

/// Maximum number of records that one page of a list examines, whether or not they are included: it bounds the
/// work of a request.
const MAX_SCANNED: usize = 4096;

/// A view of the store as of one commit. Short-lived: while it exists, old pages are not reused.
pub struct View<'s> {
    pub(crate) txn: ReadTransaction,
    pub(crate) secrets: &'s Secrets,
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

/// Records of a page, and the id after which the next page starts.
pub type RecordPage = (Vec<(KeyRecord, Option<Timestamp>)>, Option<KeyId>);

impl View<'_> {
    /// The record of a key.
    pub fn record(&self, key_id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        record(&self.txn.open_table(KEYS)?, key_id, self.secrets)
    }

    /// Whether a record of this id is stored, whatever its state.
    pub fn knows(&self, key_id: KeyId) -> Result<bool, StoreError> {
        Ok(self.txn.open_table(KEYS)?.get(key_id.get())?.is_some())
    }

    /// Whether any active key has expired.
    pub fn has_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(!ids(&self.txn.open_table(DUE)?, now, 1)?.is_empty())
    }

    /// Whether any key was revoked by a time.
    pub fn has_revoked_by(&self, time: Timestamp) -> Result<bool, StoreError> {
        Ok(!ids(&self.txn.open_table(REVOKED)?, time, 1)?.is_empty())
    }

    /// The record that is stored as a user's active one.
    pub fn active_of(&self, user: &UserId) -> Result<Option<KeyRecord>, StoreError> {
        active_of(&self.txn.open_table(ACTIVE)?, &self.txn.open_table(KEYS)?, user, self.secrets)
    }

    /// When a key was last used, as far as that has been written.
    pub fn last_used(&self, key_id: KeyId) -> Result<Option<Timestamp>, StoreError> {
        let used = self.txn.open_table(USED)?.get(key_id.get())?;
        Ok(used.map(|at| Timestamp::from_unix_millis(at.value())))
    }

    /// Up to `limit` records after an id for which `wanted` is true, each with its last use.
    pub fn records(
        &self,
        after: Option<KeyId>,
        limit: usize,
        pace: &Pace<'_>,
        wanted: impl Fn(&KeyRecord) -> bool,
    ) -> Result<RecordPage, StoreError> {
        let (keys, used) = (self.txn.open_table(KEYS)?, self.txn.open_table(USED)?);
        let mut page = Vec::with_capacity(limit);
        let start = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.get()));
        for (scanned, entry) in keys.range((start, Bound::Unbounded))?.enumerate() {
            pace.row()?;
            let (id, bytes) = entry?;
            let key_id = known_id(id.value())?;
            // One damaged record must not hide all the others. It is left out of the page, and validating it is
            // refused.
            let record = record_codec::decode(key_id, bytes.value(), self.secrets)
                .inspect_err(
                    |malformed| tracing::error!(key = %key_id, %malformed, "a damaged record is left out of a list"),
                )
                .ok();
            if let Some(record) = record.filter(&wanted) {
                let last_used = used.get(key_id.get())?.map(|at| Timestamp::from_unix_millis(at.value()));
                page.push((record, last_used));
            }
            if page.len() >= limit || scanned + 1 >= MAX_SCANNED {
                return Ok((page, Some(key_id)));
            }
        }
        Ok((page, None))
    }

    /// Up to `limit` audit rows after a revision.
    pub fn audit_rows(&self, after: u64, limit: usize, pace: &Pace<'_>) -> Result<Vec<AuditRow>, StoreError> {
        let audit = self.txn.open_table(AUDIT)?;
        let mut rows = Vec::with_capacity(limit);
        for entry in audit.range((Bound::Excluded(after), Bound::Unbounded))?.take(limit) {
            pace.row()?;
            let (revision, bytes) = entry?;
            let revision = revision.value();
            let row = audit_codec::split(bytes.value())
                .and_then(|(body, _)| audit_codec::decode(revision, body))
                .map_err(StoreError::row(revision))?;
            rows.push(row);
        }
        Ok(rows)
    }

    /// The head as of this view.
    pub(crate) fn head(&self) -> Result<Head, StoreError> {
        head(&self.txn.open_table(META)?)
    }
}

/// An id that is a key in a table.
pub(crate) fn known_id(id: u64) -> Result<KeyId, StoreError> {
    KeyId::new(id).map_err(|_| StoreError::Damaged(format!("{id} in a table is not a key id")))
}

/// The record of a key, its seal checked.
pub(crate) fn record(
    keys: &impl ReadableTable<u64, &'static [u8]>,
    key_id: KeyId,
    secrets: &Secrets,
) -> Result<Option<KeyRecord>, StoreError> {
    let Some(bytes) = keys.get(key_id.get())? else { return Ok(None) };
    record_codec::decode(key_id, bytes.value(), secrets).map(Some).map_err(StoreError::record(key_id))
}

/// The record that is stored as a user's active one. The index is not sealed; the record it refers to is, and
/// must match the index.
pub(crate) fn active_of(
    active: &impl ReadableTable<&'static str, u64>,
    keys: &impl ReadableTable<u64, &'static [u8]>,
    user: &UserId,
    secrets: &Secrets,
) -> Result<Option<KeyRecord>, StoreError> {
    let Some(id) = active.get(user.as_str())?.map(|id| id.value()) else { return Ok(None) };
    let found = record(keys, known_id(id)?, secrets)?
        .filter(|record| record.user == *user && record.state == apikeyd_protocol::term::KeyState::Active);
    match found {
        Some(record) => Ok(Some(record)),
        None => {
            Err(StoreError::Damaged(format!("the index of active keys has a wrong entry for user {user:?}")))
        }
    }
}

/// The head, which every store has.
pub(crate) fn head(meta: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<Head, StoreError> {
    let bytes = meta.get(META_HEAD)?.ok_or_else(|| StoreError::Damaged("the store has no head".into()))?;
    Head::decode(bytes.value()).map_err(|malformed| StoreError::Damaged(format!("the head: {malformed}")))
}

/// The files in force, if they were recorded.
pub(crate) fn files(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<FilesInForce>, StoreError> {
    let Some(bytes) = meta.get(META_FILES)? else { return Ok(None) };
    let files = files_codec::decode(bytes.value());
    files.map(Some).map_err(|malformed| StoreError::Damaged(format!("the files in force: {malformed}")))
}

/// What was in force when the database was last open.
pub(crate) fn files_before(database: &Database) -> Result<Before, StoreError> {
    let meta = database.begin_read()?.open_table(META)?;
    if let Some(files) = files(&meta)? {
        return Ok(Before::Files(files));
    }
    let hash = meta.get(META_POLICY)?;
    Ok(Before::Table(hash.and_then(|bytes| bytes.value().try_into().ok())))
}

/// Up to `limit` ids of an index by time, up to the given time, the oldest first.
pub(crate) fn ids(
    index: &impl ReadableTable<(u64, u64), ()>,
    up_to: Timestamp,
    limit: usize,
) -> Result<Vec<KeyId>, StoreError> {
    index
        .range(..=(up_to.unix_millis(), u64::MAX))?
        .take(limit)
        .map(|entry| known_id(entry?.0.value().1))
        .collect()
}
