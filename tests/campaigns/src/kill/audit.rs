//! The audit since the last comparison.

use apikeyd_client::{Actor, AuditEvent, AuditList, AuditRow, Client, UserId};

/// The rows after a revision, to the end.
pub(super) fn rows_after(client: &Client, revision: u64) -> Vec<AuditRow> {
    let mut rows = Vec::new();
    let mut next = Some(revision);
    while let Some(after) = next {
        let page = client.audit_list(&AuditList::new().after(after)).expect("a page of the audit");
        rows.extend(page.rows);
        next = page.next;
    }
    rows
}

/// The user whom a row concerns; none if it is not about a user.
pub(super) const fn user_of(event: &AuditEvent) -> Option<&UserId> {
    match event {
        AuditEvent::KeyAdded { user, .. }
        | AuditEvent::KeyReplaced { user, .. }
        | AuditEvent::KeyDeleted { user, .. }
        | AuditEvent::CredentialsChanged { user, .. }
        | AuditEvent::UserDeleted { user, .. }
        | AuditEvent::KeyExpired { user, .. } => Some(user),
        AuditEvent::StoreCreated
        | AuditEvent::RecordPurged { .. }
        | AuditEvent::PolicyLoaded { .. }
        | AuditEvent::BackupTaken => None,
    }
}

/// Whether this process made the change.
pub(super) fn is_ours(actor: Actor) -> bool {
    matches!(actor, Actor::Peer { pid, .. } if pid == std::process::id())
}
