//! Lengths that do not fit what follows, answers sent as requests, and callers that leave in the middle of a change.

use crate::running::Running;
use apikeyd_kit::bytes::{frame, request};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::frame::{Header, Status};
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{
    self, AuditList, AuditPage, Empty, Generate, Generated, KeyRecord, RetrieveKey, RetrieveUser, Save,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::{AuditEvent, SaveMode};
use std::time::{Duration, Instant};

/// How long a change may take whose caller does not wait for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bytes of a request with another length in its header.
fn with_length(whole: &[u8], length: u32) -> Vec<u8> {
    let header = Header::decode(whole[..16].try_into().unwrap());
    [&Header { length, ..header }.encode()[..], &whole[16..]].concat()
}

#[test]
fn a_length_that_does_not_fit_the_body_is_a_bad_request_and_nothing_is_made_up() {
    let daemon = Running::start();
    let save = Save::new(KeyId::new(1).unwrap(), SaveMode::Add);
    let whole = request(Opcode::Save, 1, &save);
    let right = u32::try_from(whole.len() - 16).unwrap();
    for length in [0, 1, right - 1] {
        let mut client = RawClient::greeted(&daemon.socket());
        // What is left of the body is no header; enough bytes follow to make it look like one.
        let _gone = client.try_send(&[with_length(&whole, length), vec![0xFF; 64]].concat());
        assert_eq!((client.answer().status(), length), (Status::BadRequest, length));
        assert_eq!(client.answer().status(), Status::BadRequest, "what follows is not a frame");
        client.assert_closed();
    }
    let mut client = RawClient::greeted(&daemon.socket());
    client.send(&with_length(&whole, right + 1));
    client.send(&[0]);
    assert_eq!(client.answer().status(), Status::BadRequest, "one byte is left over");
    assert_eq!(client.ask(Opcode::Save, &save).status(), Status::NotFound, "and the next frame is read");
}

#[test]
fn an_answer_sent_to_the_daemon_is_not_a_request() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    let save = Save::new(KeyId::new(1).unwrap(), SaveMode::Add);
    let answer = client.ask(Opcode::Save, &save);
    assert_eq!(answer.status(), Status::NotFound);
    let header = answer.header;
    client.send(&frame(header.opcode, header.flags_or_status, header.request_id, &answer.body));
    let refused = client.answer();
    assert_eq!(refused.status(), Status::BadRequest);
    assert!(refused.failure().contains("flags 0x0004"), "{}", refused.failure());
    client.assert_closed();
}

#[test]
fn who_leaves_after_asking_for_a_key_has_made_none() {
    let daemon = Running::start();
    let user = || UserId::parse("alice").unwrap();
    let whole = request(Opcode::Generate, 1, &Generate::new(user()));
    for cut in 0..=whole.len() {
        RawClient::greeted(&daemon.socket()).send(&whole[..cut]);
    }
    let mut client = RawClient::greeted(&daemon.socket());
    assert_eq!(client.ask(Opcode::RetrieveUser, &RetrieveUser::new(user())).status(), Status::NotFound);
    let page: AuditPage = client.ask(Opcode::AuditList, &AuditList::new()).message();
    let events: Vec<_> = page.rows.into_iter().map(|row| row.event).collect();
    assert!(!events.iter().any(|event| matches!(event, AuditEvent::KeyAdded { .. })), "{events:?}");
}

#[test]
fn a_change_whose_caller_has_left_is_made_whole_and_written_down() {
    let daemon = Running::start();
    let mut client = RawClient::greeted(&daemon.socket());
    for number in 0..20 {
        let user = UserId::parse(&format!("user-{number}")).unwrap();
        let generate = Generate::new(user);
        let Generated { key_id, .. } = client.ask(Opcode::Generate, &generate).message();
        RawClient::greeted(&daemon.socket()).send(&request(
            Opcode::Save,
            1,
            &Save::new(key_id, SaveMode::Add),
        ));
        let deadline = Instant::now() + PATIENCE;
        let record = loop {
            let answer = client.ask(Opcode::RetrieveKey, &RetrieveKey::new(key_id));
            if answer.status() == Status::Ok {
                break answer.message::<KeyRecord>();
            }
            assert!(Instant::now() < deadline, "the change was not made");
        };
        let page: AuditPage = client.ask(Opcode::AuditList, &AuditList::new()).message();
        let added = AuditEvent::KeyAdded { key_id, user: record.user };
        assert_eq!(page.rows.iter().filter(|row| row.event == added).count(), 1, "{:?}", page.rows);
    }
    let _alive: message::DaemonStatus = client.ask(Opcode::Status, &Empty {}).message();
}
