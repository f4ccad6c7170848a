use super::*;
use crate::request::{Asked, EMPTY, asked, read_answer};
use apikeyd_protocol::frame::{Header, append_answer};
use apikeyd_protocol::hello::{WELCOME_BYTES, WELCOME_MAGIC};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{Failure, Operation, Reloaded};
use apikeyd_protocol::operation;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::{Right, RightSet};

fn accepted() -> Welcome {
    Welcome::accept(&Hello::CURRENT, RightSet::EMPTY.with(Right::Validate), 7)
}

fn outbox(welcome: &Welcome) -> Outbox<&'static str> {
    Outbox::new(welcome, usize::MAX).unwrap()
}

/// The ids of the frames that wait to be sent.
fn ids(outbox: &Outbox<&'static str>) -> Vec<u64> {
    let (mut ids, mut bytes) = (Vec::new(), outbox.sending.unsent());
    while let Ok(Some((frame, rest))) = apikeyd_protocol::frame::Frame::split(bytes) {
        ids.push(frame.header.request_id);
        bytes = rest;
    }
    ids
}

fn feed(inbox: &mut Inbox, bytes: &[u8]) {
    inbox.room()[..bytes.len()].copy_from_slice(bytes);
    inbox.received(bytes.len());
}

fn reloaded(id: u64, policy_rows: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let answer = Reloaded { policy_rows, policy_changed: true };
    append_answer(&mut bytes, Opcode::Reload.code(), Status::Ok, id, &answer).unwrap();
    bytes
}

fn next(
    inbox: &mut Inbox,
    outbox: &mut Outbox<&'static str>,
) -> Result<Option<(&'static str, u32)>, ProtocolError> {
    next_answer(inbox, outbox, |ticket, status, body| {
        (ticket, read_answer::<Asked<'_, '_, operation::Reload>>(status, body).unwrap().policy_rows)
    })
}

#[test]
fn a_welcome_and_an_answer_are_understood_however_they_are_cut() {
    let welcome_bytes = accepted().encode();
    let mut sender = outbox(&accepted());
    sender.push(&asked::<operation::Reload>(&EMPTY), "asked").unwrap();
    let all = [welcome_bytes.as_slice(), &reloaded(ids(&sender)[0], 12)].concat();
    for cut in 0..=all.len() {
        let (mut inbox, mut outbox) = (Inbox::new(), outbox(&accepted()));
        outbox.push(&asked::<operation::Reload>(&EMPTY), "asked").unwrap();
        let (mut greeted, mut answered) = (false, None);
        for part in [&all[..cut], &all[cut..]] {
            feed(&mut inbox, part);
            if !greeted {
                greeted = welcome(&mut inbox).unwrap().is_some();
            }
            if greeted {
                answered = answered.or(next(&mut inbox, &mut outbox).unwrap());
            }
        }
        assert_eq!(answered, Some(("asked", 12)), "cut at {cut}");
        assert!(inbox.is_empty() && outbox.is_settled());
    }
}

#[test]
fn answers_find_their_requests_in_any_order() {
    let (mut inbox, mut outbox) = (Inbox::new(), outbox(&accepted()));
    for ticket in ["a", "b", "c"] {
        outbox.push(&asked::<operation::Reload>(&EMPTY), ticket).unwrap();
    }
    let ids = ids(&outbox);
    for (id, rows) in [(ids[2], 3), (ids[0], 1), (ids[1], 2)] {
        feed(&mut inbox, &reloaded(id, rows));
    }
    let mut answers = || next(&mut inbox, &mut outbox).unwrap();
    assert_eq!([answers(), answers(), answers()], [Some(("c", 3)), Some(("a", 1)), Some(("b", 2))]);
    assert_eq!(answers(), None);
}

#[test]
fn an_id_is_never_used_again_so_a_late_answer_finds_nobody() {
    let (mut inbox, mut outbox) = (Inbox::new(), outbox(&accepted()));
    outbox.push(&asked::<operation::Reload>(&EMPTY), "first").unwrap();
    let first = ids(&outbox)[0];
    feed(&mut inbox, &reloaded(first, 1));
    assert!(next(&mut inbox, &mut outbox).unwrap().is_some());
    outbox.push(&asked::<operation::Reload>(&EMPTY), "second").unwrap();
    feed(&mut inbox, &reloaded(first, 1));
    assert_eq!(next(&mut inbox, &mut outbox), Err(ProtocolError::UnknownRequest(first)));
}

#[test]
fn an_answer_must_name_its_operation() {
    let (mut inbox, mut outbox) = (Inbox::new(), outbox(&accepted()));
    outbox.push(&asked::<operation::Status>(&EMPTY), "status").unwrap();
    feed(&mut inbox, &reloaded(ids(&outbox)[0], 1));
    let fault = ProtocolError::WrongOpcode { asked: Opcode::Status, answered: Opcode::Reload.code() };
    assert_eq!(next(&mut inbox, &mut outbox), Err(fault));
    assert!(!outbox.is_settled(), "the waiter is still there to be told");
}

#[test]
fn a_length_above_the_limit_is_refused_from_the_header_alone() {
    let (mut inbox, mut outbox) = (Inbox::new(), outbox(&accepted()));
    let length = u32::try_from(MAX_BODY_BYTES).unwrap() + 1;
    feed(&mut inbox, &Header { length, opcode: 1, flags_or_status: 0, request_id: 0 }.encode());
    assert!(matches!(next(&mut inbox, &mut outbox), Err(ProtocolError::Oversize(_))));
}

#[test]
fn a_failure_is_an_error_with_the_daemons_sentence() {
    let mut body = Vec::new();
    apikeyd_protocol::codec::encode(&Failure { message: "no room".into() }, &mut body).unwrap();
    let Err(error) = read_answer::<Asked<'_, '_, operation::Reload>>(Status::Busy, &body) else {
        panic!("accepted")
    };
    assert_eq!((error.status(), error.to_string().as_str()), (Some(Status::Busy), "no room"));
    assert!(error.is_retryable());
    assert!(matches!(
        read_answer::<Asked<'_, '_, operation::Reload>>(Status::Busy, &[9]),
        Err(Error::Protocol(_))
    ));
}

#[test]
fn a_welcome_of_a_later_version_is_read_past_its_tail() {
    let mut bytes = accepted().encode().to_vec();
    bytes.extend_from_slice(b"a tail of later fields");
    let length = u16::try_from(bytes.len()).unwrap();
    bytes[8..10].copy_from_slice(&length.to_le_bytes());
    let mut inbox = Inbox::new();
    feed(&mut inbox, &bytes[..WELCOME_BYTES]);
    assert!(welcome(&mut inbox).unwrap().is_none(), "the tail belongs to it");
    feed(&mut inbox, &bytes[WELCOME_BYTES..]);
    assert_eq!(welcome(&mut inbox).unwrap(), Some(accepted()));
    assert!(inbox.is_empty());
}

#[test]
fn a_welcome_that_cannot_be_used_is_an_error() {
    let answer = |welcome: Welcome| {
        let mut inbox = Inbox::new();
        feed(&mut inbox, &welcome.encode());
        super::welcome(&mut inbox)
    };
    let refused = answer(Welcome::refusal(WelcomeCode::NotPermitted));
    assert!(matches!(refused, Err(Error::Refused { code: WelcomeCode::NotPermitted, .. })));
    for (major, minor) in [(VERSION.major + 1, 0), (VERSION.major, VERSION.minor + 1)] {
        let version = apikeyd_protocol::hello::Version { major, minor };
        let chosen = answer(Welcome { version, ..accepted() });
        assert!(matches!(chosen, Err(Error::Protocol(ProtocolError::Version(v))) if v == version));
    }
    let mut inbox = Inbox::new();
    feed(&mut inbox, &WELCOME_MAGIC[..3]);
    assert!(super::welcome(&mut inbox).unwrap().is_none());
    feed(&mut inbox, b"P/1.1 400");
    assert!(matches!(super::welcome(&mut inbox), Err(Error::Protocol(ProtocolError::Greeting(_)))));
    for nothing in [Welcome { max_in_flight: 0, ..accepted() }, Welcome { max_body: 0, ..accepted() }] {
        assert!(matches!(Outbox::<()>::new(&nothing, 1), Err(ProtocolError::NothingAllowed)));
    }
}

#[test]
fn what_the_daemon_would_not_read_is_not_queued() {
    let mut outbox = outbox(&Welcome { max_body: 100, ..accepted() });
    let target = "x".repeat(200);
    let request = Operation::new(b"GET", target.as_bytes());
    let refused = outbox.push(&request, "long");
    assert!(matches!(refused, Err(Error::TooLong { opcode: Opcode::PolicyTest, limit: 100 })));
    assert!(outbox.sending.unsent().is_empty() && outbox.is_settled());
    outbox.push(&Operation::new(b"GET", b"/"), "short").unwrap();
    assert_eq!(ids(&outbox).len(), 1);
}

#[test]
fn more_requests_than_the_first_buffer_holds_keep_their_order() {
    let mut outbox = outbox(&accepted());
    let target = "x".repeat(60_000);
    for _ in 0..5 {
        outbox.push(&Operation::new(b"GET", target.as_bytes()), "long").unwrap();
    }
    outbox.sending.advance(10);
    let rest = outbox.sending.unsent().len();
    outbox.push(&asked::<operation::Status>(&EMPTY), "short").unwrap();
    assert_eq!(outbox.sending.unsent().len(), rest + 16, "the last frame is a bare header");
    outbox.sending.advance(rest);
    assert_eq!(ids(&outbox).len(), 1);
}

#[test]
fn what_was_read_is_wiped() {
    let (mut inbox, mut outbox) = (Inbox::new(), outbox(&accepted()));
    for ticket in ["a", "b"] {
        outbox.push(&asked::<operation::Reload>(&EMPTY), ticket).unwrap();
    }
    let [first, second] = ids(&outbox)[..] else { panic!("two requests") };
    let second = reloaded(second, 2);
    feed(&mut inbox, &reloaded(first, 1));
    feed(&mut inbox, &second[..17]);
    next(&mut inbox, &mut outbox).unwrap().unwrap();
    // The half frame moves to the front; neither its old place nor the frame before it keeps anything.
    assert!(inbox.room().iter().all(|byte| *byte == 0));
    feed(&mut inbox, &second[17..]);
    next(&mut inbox, &mut outbox).unwrap().unwrap();
    assert!(inbox.room().iter().all(|byte| *byte == 0));
}
