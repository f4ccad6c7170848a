//! The promises of `MAX_PAGE_ITEMS` and `MAX_USES`: as many of the largest items fit a body.

use crate::example::encode;
use apikeyd_protocol::codec::decode;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::limit::{MAX_BODY_BYTES, MAX_LABEL_BYTES, MAX_PAGE_ITEMS, MAX_USER_BYTES, MAX_USES};
use apikeyd_protocol::message::{AuditPage, KeyPage, KeyRecord, KeyUse, ReportUses};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::{Actor, AuditEvent, AuditRow, KeyState, RevocationCause};
use apikeyd_protocol::time::Timestamp;

const LATEST: Timestamp = Timestamp::from_unix_millis(u64::MAX);

fn largest_id() -> KeyId {
    KeyId::new(KeyId::END - 1).unwrap()
}

fn longest_user() -> UserId {
    UserId::parse(&"u".repeat(MAX_USER_BYTES)).unwrap()
}

#[test]
fn a_page_of_the_largest_records_fits() {
    let record = KeyRecord {
        key_id: largest_id(),
        user: longest_user(),
        label: Some(Label::parse(&"l".repeat(MAX_LABEL_BYTES)).unwrap()),
        created_at: LATEST,
        created_by: u32::MAX,
        expires_at: Some(LATEST),
        last_used_at: Some(LATEST),
        state: KeyState::Revoked { cause: RevocationCause::Expired, at: LATEST },
    };
    let page = KeyPage { keys: vec![record; MAX_PAGE_ITEMS.into()], next: Some(largest_id()) };
    let body = encode(&page);
    assert!(body.len() <= MAX_BODY_BYTES);
    assert_eq!(decode::<KeyPage>(&body), Ok(page));
}

#[test]
fn a_page_of_the_largest_audit_rows_fits() {
    let row = AuditRow {
        revision: u64::MAX,
        at: LATEST,
        actor: Actor::Peer { uid: u32::MAX, gid: u32::MAX, pid: u32::MAX },
        event: AuditEvent::KeyReplaced { key_id: largest_id(), replaced: largest_id(), user: longest_user() },
    };
    let page = AuditPage { rows: vec![row; MAX_PAGE_ITEMS.into()], next: Some(u64::MAX) };
    let body = encode(&page);
    assert!(body.len() <= MAX_BODY_BYTES);
    assert_eq!(decode::<AuditPage>(&body), Ok(page));
}

#[test]
fn a_report_of_the_largest_uses_fits_half_a_body() {
    let report = ReportUses::new(vec![KeyUse::new(largest_id(), LATEST); MAX_USES.into()]);
    let body = encode(&report);
    assert!(body.len() <= MAX_BODY_BYTES / 2);
    assert_eq!(decode::<ReportUses>(&body), Ok(report));
}
