//! Keys, and the frames that answer questions about them.

use crate::bytes::Message;
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::{Status, append_answer};
use apikeyd_protocol::key::{ApiKey, KeyId, KeyPrefix};
use apikeyd_protocol::message::{
    Failure, Freshness, Generated, Refusal, UserRevoked, ValidKey, Validate, Verdict,
};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::time::Timestamp;
use serde::Serialize;
use std::convert::Infallible;

/// A key that is not valid, for a caller that may not know why.
pub const INVALID: Verdict<'static> = Verdict::Refused(Refusal::Invalid);

/// A key that is the same in every run; `number` from 1.
#[must_use]
pub fn key(number: u64) -> ApiKey {
    // The digits of the id are drawn one by one below 62 from bytes; whatever it is, each number has another.
    let fill = |bytes: &mut [u8]| {
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from((number >> (place % 4 * 5)) & 31).expect("five bits");
        }
        Ok::<(), Infallible>(())
    };
    ApiKey::generate(&KeyPrefix::default(), fill).expect("a generator that does not fail")
}

/// A key with the id of another one and another secret.
#[must_use]
pub fn forged(key: &ApiKey) -> ApiKey {
    let id = key.id();
    let fill = |bytes: &mut [u8]| {
        match bytes.len() {
            8 => bytes.copy_from_slice(&(id.get() << 4).to_le_bytes()),
            _ => bytes.fill(61),
        }
        Ok::<(), Infallible>(())
    };
    let forged = ApiKey::generate(&KeyPrefix::default(), fill).expect("a generator that does not fail");
    assert!(forged.id() == id && forged.expose() != key.expose());
    forged
}

/// A key that is valid.
#[must_use]
pub fn valid(user: &str, key_id: KeyId) -> Verdict<'_> {
    Verdict::Valid(ValidKey { user, key_id, label: None, expires_at: None, freshness: Freshness::default() })
}

/// The frame of an answer.
#[must_use]
pub fn answer<T: Serialize>(asked: &Message, status: Status, message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    append_answer(&mut bytes, asked.header.opcode, status, asked.header.request_id, message)
        .expect("a message that fits");
    bytes
}

/// The frame of a failure.
#[must_use]
pub fn failure(asked: &Message, status: Status, message: &str) -> Vec<u8> {
    answer(asked, status, &Failure { message: message.into() })
}

/// A plausible answer to `Validate`, `Generate` and `DeleteUser`. A valid key belongs to `user`.
#[must_use]
pub fn answer_well(asked: &Message, user: &str) -> Vec<u8> {
    match asked.opcode() {
        Some(Opcode::Validate) => {
            let request: Validate<'_> = codec::decode(&asked.body).expect("a request");
            answer(asked, Status::Ok, &valid(user, request.key_id))
        }
        Some(Opcode::Generate) => {
            let key = key(9);
            let draft = Generated { key_id: key.id(), key, draft_expires_at: Timestamp::default() };
            answer(asked, Status::Ok, &draft)
        }
        Some(Opcode::DeleteUser) => answer(asked, Status::Ok, &UserRevoked::default()),
        opcode => panic!("no answer to {opcode:?} is scripted"),
    }
}
