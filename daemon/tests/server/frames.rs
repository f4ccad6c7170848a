//! Frames, good and bad.

use crate::running::Running;
use apikeyd_kit::bytes::{frame, request};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::users::is_root;
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::{Header, Status};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{
    self, AuditList, AuditPage, BackupReady, Empty, List, Save, Validate, Verdict,
};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::{AuditEvent, SaveMode};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::net::Shutdown;
use std::os::fd::AsFd as _;

const STATUS: u16 = Opcode::Status.code();

#[test]
fn a_key_is_issued_and_validated() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let generated = client.issue("alice");
    let validate = Validate::new(generated.key_id, generated.key.digest());
    let answer = client.ask(Opcode::Validate, &validate);
    match codec::decode::<Verdict<'_>>(&answer.body).unwrap() {
        Verdict::Valid(valid) => assert_eq!((valid.user, valid.key_id), ("alice", generated.key_id)),
        Verdict::Refused(refusal) => panic!("{refusal:?}"),
    }
}

#[test]
fn frames_may_be_cut_anywhere() {
    let daemon = Running::start();
    let both = [
        request(Opcode::Status, 1, &Empty {}),
        request(Opcode::List, 2, &List::new().limit(9).include_revoked(true)),
    ]
    .concat();
    for cut in 0..=both.len() {
        let mut client = RawClient::greeted(&daemon.socket());
        client.send(&both[..cut]);
        client.send(&both[cut..]);
        let ids: BTreeSet<_> =
            [client.answer(), client.answer()].map(|answer| answer.header.request_id).into();
        assert_eq!(ids, BTreeSet::from([1, 2]), "cut at {cut}");
    }
}

#[test]
fn a_bad_body_or_opcode_is_told_and_the_connection_goes_on() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let huge_claim = [&[253][..], &(1_u64 << 40).to_le_bytes()].concat();
    let validate = Opcode::Validate.code();
    for (opcode, body, status) in [
        (0, &[][..], Status::UnknownOpcode),
        (u16::MAX, &[1, 2, 3], Status::UnknownOpcode),
        (STATUS, &[0], Status::BadRequest),
        (validate, &[], Status::BadRequest),
        (validate, &[0; 41], Status::BadRequest),
        (Opcode::Generate.code(), &huge_claim, Status::BadRequest),
        (Opcode::Generate.code(), &[254; 17], Status::BadRequest),
        (Opcode::Generate.code(), &[2, 0xC0, 0xAF, 0, 0], Status::BadRequest),
        (Opcode::Save.code(), &[1, 9], Status::BadRequest),
        (Opcode::Save.code(), &[1; MAX_BODY_BYTES], Status::BadRequest),
    ] {
        client.send(&frame(opcode, 0, 5, body));
        let answer = client.answer();
        assert_eq!((answer.status(), answer.header.opcode, answer.header.request_id), (status, opcode, 5));
        assert!(answer.failure().len() > 10);
    }
    let _alive: message::DaemonStatus = client.ask(Opcode::Status, &Empty {}).message();
}

#[test]
fn what_breaks_the_framing_is_told_and_ends_the_connection() {
    let daemon = Running::start();
    let too_large =
        |length: u32| Header { length, opcode: 1, flags_or_status: 0, request_id: 8 }.encode().to_vec();
    let most = u32::try_from(MAX_BODY_BYTES).unwrap();
    let broken = [
        (frame(STATUS, 1, 8, &[]), "flags 0x0001"),
        (frame(STATUS, 0x8000, 8, &[]), "flags 0x8000"),
        (too_large(most + 1), "65537 bytes is above the limit"),
        (too_large(0x7fff_ffff), "above the limit"),
        (too_large(0x8000_0000), "above the limit"),
        (too_large(u32::MAX), "above the limit"),
    ];
    for (bytes, reason) in broken {
        let mut client = RawClient::greeted(&daemon.socket());
        client.send(
            &[request(Opcode::Status, 7, &Empty {}), bytes, request(Opcode::Status, 9, &Empty {})].concat(),
        );
        assert_eq!(client.answer().header.request_id, 7, "what came before is answered");
        let answer = client.answer();
        assert_eq!((answer.status(), answer.header.request_id), (Status::BadRequest, 8));
        assert!(answer.failure().contains(reason), "{}", answer.failure());
        client.assert_closed();
    }
}

#[test]
fn a_request_id_in_use_ends_the_connection_after_the_first_answer() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let save = Save::new("0000000001".parse().unwrap(), SaveMode::Add);
    client.send(&[request(Opcode::Save, 4, &save), request(Opcode::Save, 4, &save)].concat());
    let statuses: Vec<_> = [client.answer(), client.answer()].iter().map(|answer| answer.status()).collect();
    assert!(statuses.contains(&Status::NotFound) && statuses.contains(&Status::BadRequest), "{statuses:?}");
    client.assert_closed();
    let mut client = RawClient::greeted(&daemon.socket());
    for _ in 0..3 {
        assert_eq!(
            client.ask(Opcode::Save, &save).status(),
            Status::NotFound,
            "an answered id may be used again"
        );
    }
}

#[test]
fn many_requests_in_one_write_are_all_answered() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let save = Save::new("0000000001".parse().unwrap(), SaveMode::Add);
    let audit = AuditList::new().limit(100);
    let requests: Vec<u8> = (0..2_000)
        .flat_map(|id| match id % 4 {
            0 => request(Opcode::Save, id, &save),
            1 => request(Opcode::AuditList, id, &audit),
            _ => request(Opcode::Status, id, &Empty {}),
        })
        .collect();
    let mut writer = client.stream.try_clone().unwrap();
    // Beside the reading: the daemon stops reading when too many are in flight.
    let writing = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &requests).unwrap());
    let ids: BTreeSet<_> = (0..2_000).map(|_| client.answer().header.request_id).collect();
    writing.join().unwrap();
    assert_eq!(ids.len(), 2_000);
}

#[test]
fn who_closes_its_writing_side_still_gets_its_answers() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let save = Save::new("0000000001".parse().unwrap(), SaveMode::Add);
    client.send(&[request(Opcode::Save, 1, &save), request(Opcode::Status, 2, &Empty {})].concat());
    client.stream.shutdown(Shutdown::Write).unwrap();
    let ids: BTreeSet<_> = [client.answer(), client.answer()].map(|answer| answer.header.request_id).into();
    assert_eq!(ids, BTreeSet::from([1, 2]));
    client.assert_closed();
}

#[test]
fn who_stops_reading_or_leaves_within_a_frame_harms_nobody() {
    let daemon = Running::start();
    for cut in [1, 15, 16] {
        let mut client = RawClient::greeted(&daemon.socket());
        client.send(&frame(STATUS, 0, 1, &[0; 100])[..cut]);
        drop(client);
        let mut client = RawClient::greeted(&daemon.socket());
        client.stream.shutdown(Shutdown::Read).unwrap();
        let _gone = client.try_send(&request(Opcode::Status, 1, &Empty {}));
    }
    let mut client = RawClient::greeted(&daemon.socket());
    let _alive: message::DaemonStatus = client.ask(Opcode::Status, &Empty {}).message();
}

#[test]
fn descriptors_that_callers_send_are_not_kept() {
    if !is_root() {
        return;
    }
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let before = daemon.descriptors();
    for count in [1, 253] {
        let files: Vec<_> = (0..count).map(|_| File::open("/dev/null").unwrap()).collect();
        let borrowed: Vec<_> = files.iter().map(File::as_fd).collect();
        client.try_send_with(&request(Opcode::Status, 1, &Empty {}), &borrowed).unwrap();
        let _answered: message::DaemonStatus = client.answer().message();
        daemon.wait_for_descriptors(before);
    }
}

#[test]
fn a_backup_comes_with_its_descriptor_behind_other_answers() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    client.issue("alice");
    client.send(&[request(Opcode::Status, 1, &Empty {}), request(Opcode::Backup, 2, &Empty {})].concat());
    let (_status, last) = (client.answer(), client.answer());
    assert_eq!(last.header.request_id, 2);
    let ready: BackupReady = last.message();
    let file = client.take_descriptor().expect("the backup's file");
    assert!(client.take_descriptor().is_none());
    let mut copy = Vec::new();
    File::from(file).read_to_end(&mut copy).unwrap();
    assert_eq!(u64::try_from(copy.len()).unwrap(), ready.bytes);
    assert!(copy.starts_with(b"redb"), "{:?}", &copy[..8]);
    let page: AuditPage = client.ask(Opcode::AuditList, &AuditList::new()).message();
    let row = page.rows.last().unwrap();
    assert_eq!((row.revision, &row.event), (ready.head.revision + 1, &AuditEvent::BackupTaken));
}
