//! What an input has a caller send.

use super::model::Model;
use crate::fuzz::input::Input;
use apikeyd_protocol::frame::{Header, append_request};
use apikeyd_protocol::hello::{Hello, Version};
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::message::{
    AuditList, AuditVerify, CredentialsChanged, Delete, DeleteUser, Empty, Generate, KeyUse, List, Operation,
    PolicyRows, ReportUses, RetrieveKey, RetrieveUser, Save, Validate,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::{CredentialsCause, SaveMode};
use apikeyd_protocol::time::Timestamp;

/// Users of the scripts: few, so that requests meet.
const USERS: [&str; 4] = ["alice", "bob", "日本", "x"];

/// What is sent next, and whether all answers are waited for behind it.
pub(super) struct Step {
    pub(super) bytes: Vec<u8>,
    /// The sizes in which the bytes go out; the last one goes on.
    pub(super) piece: usize,
    pub(super) wait: bool,
}

/// The greeting: nearly always a good one.
pub(super) fn hello(input: &mut Input<'_>, model: &mut Model) -> Vec<u8> {
    match input.byte() {
        0xf0 => model.goes_astray(vec![b'x'; 4]),
        0xf1 => model
            .goes_astray(Hello { version: Version { major: 2, minor: 0 }, features: 0 }.encode().to_vec()),
        0xf2 => {
            let count = 1 + input.below(63);
            model.goes_astray(input.bytes(count).to_vec())
        }
        features => Hello { features: u64::from(features), ..Hello::CURRENT }.encode().to_vec(),
    }
}

/// One step: a byte for what, the high bit to wait behind it.
pub(super) fn step(input: &mut Input<'_>, model: &mut Model) -> Step {
    let first = input.byte();
    let mut bytes = Vec::new();
    match usize::from(first & 0x7f) {
        place if place < Opcode::ALL.len() => request(Opcode::ALL[place], input, model, &mut bytes),
        0x20 => bytes = unknown_opcode(input, model),
        0x21 => bytes = bad_body(input, model),
        0x22 => {
            let header = Header {
                length: 0,
                opcode: 2,
                flags_or_status: u16::from(input.byte()),
                request_id: model.next_id(),
            };
            bytes = model.goes_astray(header.encode().to_vec());
        }
        0x23 => {
            let header =
                Header { length: 65_537 + input.u32() % 1000, opcode: 1, flags_or_status: 0, request_id: 1 };
            bytes = model.goes_astray(header.encode().to_vec());
        }
        0x24 => {
            let count = input.below(256);
            bytes = model.goes_astray(input.bytes(count).to_vec());
        }
        0x25 => {
            // The id of a request that may still wait for its answer.
            append_request(&mut bytes, Opcode::AuditVerify, model.last_id(), &AuditVerify::new()).unwrap();
            bytes = model.goes_astray(bytes);
        }
        0x26 => {
            for _ in 0..input.below(200) {
                request(Opcode::Status, input, model, &mut bytes);
            }
        }
        // Validations are what a daemon is asked, so all other bytes are one.
        _ => request(Opcode::Validate, input, model, &mut bytes),
    }
    let piece = if first & 0x40 == 0 { usize::MAX } else { input.below(40) + 1 };
    Step { bytes, piece, wait: first & 0x80 != 0 }
}

fn unknown_opcode(input: &mut Input<'_>, model: &mut Model) -> Vec<u8> {
    let opcode = 100 + u16::from(input.byte());
    let request_id = model.asks_nonsense(opcode);
    Header { length: 0, opcode, flags_or_status: 0, request_id }.encode().to_vec()
}

/// A known opcode with a body that is seldom one.
fn bad_body(input: &mut Input<'_>, model: &mut Model) -> Vec<u8> {
    let opcode = input.choose(Opcode::ALL);
    let count = input.below(256);
    let body = input.bytes(count);
    let request_id = model.asks_anything(opcode);
    let header = Header {
        length: u32::try_from(body.len()).unwrap(),
        opcode: opcode.code(),
        flags_or_status: 0,
        request_id,
    };
    [&header.encode()[..], body].concat()
}

fn request(opcode: Opcode, input: &mut Input<'_>, model: &mut Model, out: &mut Vec<u8>) {
    let user = |input: &mut Input<'_>| UserId::parse(input.choose(&USERS)).unwrap();
    macro_rules! ask {
        ($message:expr) => {{
            let message = $message;
            let request_id = model.asks(opcode);
            append_request(out, opcode, request_id, &message).unwrap();
        }};
    }
    match opcode {
        Opcode::Validate => validate(input, model, out),
        Opcode::PolicyRows => ask!(PolicyRows::new(u32::from(input.byte()))),
        Opcode::PolicyTest => ask!(operation(input)),
        Opcode::ReportUses => {
            let uses = (0..input.below(4))
                .map(|_| KeyUse::new(model.key(input.byte()).0, Timestamp::from_unix_millis(input.u64())));
            ask!(ReportUses::new(uses.collect()));
        }
        Opcode::Generate => {
            let user = user(input);
            let expires_at = (input.byte() == 1).then(|| Timestamp::from_unix_millis(input.u64()));
            let request_id = model.generates(user.clone());
            append_request(out, opcode, request_id, &Generate::new(user).expires_at(expires_at)).unwrap();
        }
        Opcode::Save => {
            let (key_id, _) = model.key(input.byte());
            let mode = if input.byte().is_multiple_of(2) { SaveMode::Add } else { SaveMode::Replace };
            let request_id = model.saves(key_id);
            append_request(out, opcode, request_id, &Save::new(key_id, mode)).unwrap();
        }
        Opcode::RetrieveUser => ask!(RetrieveUser::new(user(input))),
        Opcode::RetrieveKey => ask!(RetrieveKey::new(model.key(input.byte()).0)),
        Opcode::Delete => ask!(Delete::new(model.key(input.byte()).0)),
        Opcode::CredentialsChanged => {
            ask!(CredentialsChanged::new(user(input), CredentialsCause::Reset))
        }
        Opcode::DeleteUser => ask!(DeleteUser::new(user(input))),
        Opcode::List => {
            ask!(List::new().limit(u16::from(input.byte())).include_revoked(input.byte() > 0))
        }
        Opcode::AuditList => {
            ask!(AuditList::new().after(u64::from(input.byte())).limit(u16::from(input.byte())))
        }
        Opcode::AuditVerify => ask!(AuditVerify::new()),
        Opcode::Status
        | Opcode::PolicySummary
        | Opcode::RevocationPage
        | Opcode::Statistics
        | Opcode::FilesInForce
        | Opcode::Reload
        | Opcode::Backup => {
            ask!(Empty {})
        }
    }
}

fn operation<'a>(input: &mut Input<'a>) -> Operation<'a> {
    let method = input.choose(&[&b"GET"[..], b"PUT", b"DELETE", b"get"]);
    let count = input.below(64);
    Operation::new(method, input.bytes(count))
}

fn validate(input: &mut Input<'_>, model: &mut Model, out: &mut Vec<u8>) {
    let which = input.byte();
    let (key_id, digest): (KeyId, [u8; 32]) = model.key(which);
    let forged = input.byte() == 7;
    let digest = KeyDigest::from_bytes(if forged { digest.map(|byte| byte ^ 1) } else { digest });
    let operation = (input.byte() == 1).then(|| operation(input));
    let request_id = model.validates(key_id, forged);
    append_request(out, Opcode::Validate, request_id, &Validate::new(key_id, digest).operation(operation))
        .unwrap();
}
