//! What one validation costs in this crate, on either side, beside the floors below which it cannot go.
//!
//! `cargo bench -p apikeyd-protocol`
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use apikeyd_protocol::codec::{decode, encode};
use apikeyd_protocol::frame::{Frame, Status, append_answer, append_request};
use apikeyd_protocol::key::{ApiKey, KeyDigest, KeyId, looks_like_key};
use apikeyd_protocol::message::{Freshness, Operation, Refusal, ValidKey, Validate, Verdict};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::time::Timestamp;
use divan::{Bencher, black_box};

const KEY: &[u8] = b"akd_1QwErTy0123_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg2whDeR";

fn main() {
    divan::main();
}

fn key() -> ApiKey {
    ApiKey::parse(KEY).ok().unwrap()
}

fn operation() -> Operation<'static> {
    Operation::new(b"GET", b"/api/user/active/0/20?sort=name")
}

fn question(operation: Option<Operation<'static>>) -> Validate<'static> {
    Validate::new(key().id(), key().digest()).operation(operation)
}

fn valid() -> Verdict<'static> {
    Verdict::Valid(ValidKey {
        user: "alice@example.com",
        key_id: KeyId::parse(b"QwErTy0123").unwrap(),
        label: Some("backup script"),
        expires_at: Some(Timestamp::MAX_EXPIRY),
        freshness: Freshness { instance: 7, epoch: 251, slot: 65_535, generation: 65_536 },
    })
}

fn encoded<T: serde::Serialize>(message: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode(message, &mut out).unwrap();
    out
}

/// Encodes into a buffer that is used again, as a connection does.
fn bench_encode<T: serde::Serialize>(bencher: Bencher<'_, '_>, message: &T) {
    let mut out = Vec::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        encode(black_box(message), &mut out).unwrap();
        black_box(out.len())
    });
}

#[divan::bench]
fn floor_blake3_derive_key_of_54_bytes(bencher: Bencher<'_, '_>) {
    let material = [7_u8; 54];
    bencher.bench_local(|| blake3::derive_key("apikeyd 2026 key digest v1", black_box(&material)));
}

#[divan::bench]
fn floor_copy_of_48_bytes(bencher: Bencher<'_, '_>) {
    let (from, mut to) = ([7_u8; 48], Vec::with_capacity(4096));
    bencher.bench_local(|| {
        to.clear();
        to.extend_from_slice(black_box(&from));
        black_box(to.len())
    });
}

#[divan::bench]
fn key_parse(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| ApiKey::parse(black_box(KEY)).is_ok());
}

#[divan::bench]
fn key_digest(bencher: Bencher<'_, '_>) {
    let key = key();
    bencher.bench_local(|| black_box(&key).digest());
}

#[divan::bench]
fn key_looks_like_one(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| looks_like_key(black_box(KEY)));
}

#[divan::bench]
fn validate_encode_key_only(bencher: Bencher<'_, '_>) {
    bench_encode(bencher, &question(None));
}

#[divan::bench]
fn validate_encode_with_operation(bencher: Bencher<'_, '_>) {
    bench_encode(bencher, &question(Some(operation())));
}

#[divan::bench]
fn validate_decode_key_only(bencher: Bencher<'_, '_>) {
    let bytes = encoded(&question(None));
    bencher.bench_local(|| decode::<Validate<'_>>(black_box(&bytes)).is_ok());
}

#[divan::bench]
fn validate_decode_with_operation(bencher: Bencher<'_, '_>) {
    let bytes = encoded(&question(Some(operation())));
    bencher.bench_local(|| decode::<Validate<'_>>(black_box(&bytes)).is_ok());
}

#[divan::bench]
fn verdict_encode_valid(bencher: Bencher<'_, '_>) {
    bench_encode(bencher, &valid());
}

#[divan::bench]
fn verdict_encode_invalid(bencher: Bencher<'_, '_>) {
    bench_encode(bencher, &Verdict::Refused(Refusal::Invalid));
}

#[divan::bench]
fn verdict_decode_valid(bencher: Bencher<'_, '_>) {
    let bytes = encoded(&valid());
    bencher.bench_local(|| decode::<Verdict<'_>>(black_box(&bytes)).is_ok());
}

/// The daemon's share of one validation on the wire: split, decode, encode the answer's frame.
#[divan::bench]
fn frame_in_and_answer_out(bencher: Bencher<'_, '_>) {
    let mut request = Vec::new();
    append_request(&mut request, Opcode::Validate, 1, &question(Some(operation()))).unwrap();
    let (mut out, verdict) = (Vec::with_capacity(4096), valid());
    bencher.bench_local(|| {
        out.clear();
        let (frame, _) = Frame::split(black_box(&request)).unwrap().unwrap();
        let question: Validate<'_> = decode(frame.body).unwrap();
        black_box(&question.digest);
        let id = frame.header.request_id;
        append_answer(&mut out, frame.header.opcode, Status::Ok, id, black_box(&verdict)).unwrap();
        black_box(out.len())
    });
}

#[divan::bench]
fn digest_compare(bencher: Bencher<'_, '_>) {
    let (one, other) = (key().digest(), KeyDigest::from_bytes([1; 32]));
    bencher.bench_local(|| black_box(&one) == black_box(&other));
}
