//! `audit`

pub(super) mod list;
pub(super) mod verify;

use crate::output::text::hex;
use apikeyd_client::AuditHead;

/// A head as it is kept and given again: `REVISION:HEX`.
pub(super) fn head_text(head: &AuditHead) -> String {
    format!("{}:{}", head.revision, hex(&head.mac))
}
