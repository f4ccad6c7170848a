//! For each kind of request the largest one that is well-formed: what it costs the daemon to keep one is what there is
//! to gain by sending many.

use apikeyd_client::{AuditHead, AuditList, CredentialsCause, Generate, KeyId, List, SaveMode, UserId};
use apikeyd_kit::bytes::request;
use apikeyd_protocol::key::KeyDigest;
use apikeyd_protocol::limit::{MAX_BODY_BYTES, MAX_IN_FLIGHT, MAX_LABEL_BYTES, MAX_USER_BYTES, MAX_USES};
use apikeyd_protocol::message::{
    AuditVerify, CredentialsChanged, Delete, DeleteUser, Empty, KeyUse, PolicyRows, ReportUses, RetrieveKey,
    RetrieveUser, Save,
};
use apikeyd_protocol::message::{Operation, Validate};
use apikeyd_protocol::name::Label;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::time::Timestamp;
use std::sync::Arc;

/// Bytes of a body with an operation that are not its target: key id, digest, method, lengths.
const BESIDE_TARGET: usize = 128;

/// Bytes of requests that are sent again and again. Their ids are used again after more requests than one connection has
/// in flight, whatever their order of completion.
const REPEATED: usize = 4 << 20;

/// The largest request of this kind. A new opcode does not compile until it has one.
#[must_use]
pub fn of(opcode: Opcode, request_id: u64) -> Vec<u8> {
    let target = vec![b'a'; MAX_BODY_BYTES - BESIDE_TARGET];
    let operation = Operation::new(b"GET", &target);
    // Never saved, and as long in the bytes of the protocol as an id can be.
    let key_id = KeyId::new(KeyId::END - 1 - request_id).expect("an id");
    match opcode {
        Opcode::Validate => {
            let digest = KeyDigest::from_bytes([7; KeyDigest::BYTES]);
            request(opcode, request_id, &Validate::new(key_id, digest).operation(operation))
        }
        Opcode::PolicyTest => request(opcode, request_id, &operation),
        Opcode::PolicyRows => request(opcode, request_id, &PolicyRows::new(0)),
        Opcode::ReportUses => request(opcode, request_id, &report()),
        Opcode::Generate => request(opcode, request_id, &generate(request_id)),
        Opcode::Save => request(opcode, request_id, &Save::new(key_id, SaveMode::Replace)),
        Opcode::RetrieveUser => request(opcode, request_id, &RetrieveUser::new(user(request_id))),
        Opcode::RetrieveKey => request(opcode, request_id, &RetrieveKey::new(key_id)),
        Opcode::Delete => request(opcode, request_id, &Delete::new(key_id)),
        Opcode::CredentialsChanged => {
            let cause = CredentialsCause::Reset;
            request(opcode, request_id, &CredentialsChanged::new(user(request_id), cause))
        }
        Opcode::DeleteUser => request(opcode, request_id, &DeleteUser::new(user(request_id))),
        Opcode::List => {
            let list = List::new().include_revoked(true);
            request(opcode, request_id, &list)
        }
        Opcode::AuditList => request(opcode, request_id, &AuditList::new()),
        Opcode::AuditVerify => {
            let known_head = Some(AuditHead { revision: u64::MAX, mac: [7; 32] });
            request(opcode, request_id, &AuditVerify::new().known_head(known_head))
        }
        Opcode::Status
        | Opcode::PolicySummary
        | Opcode::FilesInForce
        | Opcode::RevocationPage
        | Opcode::Statistics
        | Opcode::Reload
        | Opcode::Backup => request(opcode, request_id, &Empty {}),
    }
}

/// Many of them in a row, to be sent over and over.
#[must_use]
pub fn many(opcode: Opcode) -> Arc<[u8]> {
    let one = of(opcode, 0).len();
    let usual = (REPEATED / one).clamp(MAX_IN_FLIGHT, 8 * MAX_IN_FLIGHT);
    // A user has one draft, and this many drafts are kept.
    let ids = if opcode == Opcode::Generate { 65_536 } else { usual };
    (0..ids as u64).flat_map(|request_id| of(opcode, request_id)).collect()
}

/// A key that takes as much room in the store as one can.
#[must_use]
pub fn generate(number: u64) -> Generate {
    let label = Some(Label::parse(&"l".repeat(MAX_LABEL_BYTES)).expect("a label"));
    Generate::new(user(number)).label(label).expires_at(Timestamp::MAX_EXPIRY)
}

/// A user with a name of the full length.
fn user(number: u64) -> UserId {
    UserId::parse(&format!("{number:0>MAX_USER_BYTES$}")).expect("a user")
}

fn report() -> ReportUses {
    let at = Timestamp::MAX_EXPIRY;
    let key = |number| KeyUse::new(KeyId::new(KeyId::END - 1 - number).expect("an id"), at);
    ReportUses::new((0..MAX_USES.into()).map(key).collect())
}
