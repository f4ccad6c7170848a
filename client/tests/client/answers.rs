//! What a client makes of answers, good and bad.

use crate::asker::{both, both_with};
use apikeyd_client::{Error, KeyFormatError, ProtocolError, Refusal, Status, Verdict, Waiting};
use apikeyd_kit::answers::{INVALID, answer, answer_well, failure, valid};
use apikeyd_kit::fake_daemon::FakeDaemon;
use apikeyd_protocol::frame::{Header, TooLarge};
use apikeyd_protocol::operation::Opcode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_good_key_and_a_bad_one() {
    let fake = FakeDaemon::welcoming(|peer| {
        peer.reply(|asked| answer_well(asked, "alice"));
        peer.reply(|asked| answer(asked, Status::Ok, &INVALID));
    });
    for asker in both(fake.path()) {
        assert_eq!(asker.user(), "alice");
        assert_eq!(asker.validate().unwrap(), Verdict::Refused(Refusal::Invalid));
    }
    assert_eq!(fake.connections(), both(fake.path()).len(), "each client kept its connection");
}

#[test]
fn an_answer_may_come_byte_by_byte() {
    let fake = FakeDaemon::welcoming(|peer| {
        while let Some(asked) = peer.request() {
            answer_well(&asked, "slow").chunks(1).for_each(|byte| peer.send(byte));
        }
    });
    for asker in both(fake.path()) {
        for _ in 0..20 {
            assert_eq!(asker.user(), "slow");
        }
    }
}

#[test]
fn a_text_that_is_no_key_is_refused_without_asking() {
    let fake = FakeDaemon::start(|_, _| panic!("the daemon was asked"));
    for asker in both(fake.path()) {
        let verdict = asker.validate_text("akd_not-a-key").unwrap();
        assert_eq!(verdict, Verdict::Refused(Refusal::Malformed(KeyFormatError::Length { bytes: 13 })));
    }
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    let fake = FakeDaemon::start(|number, mut peer| {
        peer.welcome();
        if number % 2 == 1 {
            return peer.serve("second");
        }
        let asked = peer.request().unwrap();
        let whole = answer_well(&asked, "first");
        peer.send(&whole[..whole.len() - 3]);
    });
    for asker in both(fake.path()) {
        assert_eq!(asker.user(), "second");
    }
}

#[test]
fn a_request_that_breaks_every_connection_is_given_up() {
    let fake = FakeDaemon::start(|_, mut peer| {
        peer.welcome();
        peer.request().unwrap();
    });
    for (clients, asker) in both(fake.path()).into_iter().enumerate() {
        let error = asker.validate().unwrap_err();
        assert!(matches!(error, Error::ConnectionLost { opcode: Opcode::Validate, .. }), "{error}");
        assert!(error.is_retryable());
        assert_eq!(fake.connections(), 3 * (clients + 1));
    }
}

#[test]
fn what_may_have_been_done_and_must_not_be_done_twice_is_not_sent_twice() {
    let generated = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&generated);
    let fake = FakeDaemon::start(move |_, mut peer| {
        peer.welcome();
        while let Some(asked) = peer.request() {
            if asked.header.opcode == Opcode::Generate.code() {
                counter.fetch_add(1, Ordering::SeqCst);
                return;
            }
            peer.send(&answer_well(&asked, "u"));
        }
    });
    for (clients, asker) in both(fake.path()).into_iter().enumerate() {
        let error = asker.generate().expect_err("the answer never came");
        assert!(matches!(error, Error::ConnectionLost { opcode: Opcode::Generate, .. }), "{error}");
        assert_eq!(generated.load(Ordering::SeqCst), clients + 1);
        assert!(asker.delete_user().is_ok(), "the client goes on with a new connection");
    }
}

#[test]
fn bytes_that_are_no_answer_are_an_error_and_end_the_connection() {
    let header = Header { length: 0, opcode: 1, flags_or_status: 0, request_id: u64::MAX - 255 };
    let oversize = |length| ProtocolError::from(TooLarge { length, header: Header { length, ..header } });
    let cases = [
        (header.encode().to_vec(), ProtocolError::UnknownRequest(header.request_id)),
        (Header { length: u32::MAX, ..header }.encode().to_vec(), oversize(u32::MAX)),
    ];
    for (bytes, expected) in cases {
        let fake = FakeDaemon::welcoming(move |peer| {
            peer.request().unwrap();
            peer.send(&bytes);
        });
        for asker in both(fake.path()) {
            let error = asker.validate().unwrap_err();
            assert!(matches!(&error, Error::Protocol(fault) if *fault == expected), "{error}");
            assert!(!error.is_retryable());
        }
        assert_eq!(fake.connections(), both(fake.path()).len(), "it is not tried again");
    }
}

#[test]
fn an_answer_to_another_operation_is_an_error() {
    let fake = FakeDaemon::welcoming(|peer| {
        let mut asked = peer.request().unwrap();
        asked.header.opcode = Opcode::Save.code();
        peer.send(&answer(&asked, Status::Ok, &INVALID));
    });
    for asker in both(fake.path()) {
        let error = asker.generate().expect_err("another operation's answer");
        assert!(
            matches!(
                error,
                Error::Protocol(ProtocolError::WrongOpcode { asked: Opcode::Generate, answered: 17 })
            ),
            "{error}"
        );
    }
}

#[test]
fn a_body_that_is_not_the_message_is_an_error() {
    let fake = FakeDaemon::welcoming(|peer| {
        peer.reply(|asked| answer(asked, Status::Ok, &(INVALID, 5_u8)));
    });
    for asker in both(fake.path()) {
        assert!(matches!(asker.validate(), Err(Error::Protocol(ProtocolError::Body(_)))));
    }
    let fake = FakeDaemon::welcoming(|peer| {
        peer.reply(|asked| {
            answer(asked, Status::Ok, &valid("two\nlines", apikeyd_kit::answers::key(1).id()))
        });
    });
    for asker in both(fake.path()) {
        assert!(matches!(asker.validate(), Err(Error::Protocol(ProtocolError::Name(_)))));
    }
}

#[test]
fn a_failure_carries_its_status_and_sentence_and_keeps_the_connection() {
    let fake = FakeDaemon::welcoming(|peer| {
        while let Some(asked) = peer.request() {
            let retryable = asked.header.opcode == Opcode::Generate.code();
            let status = if retryable { Status::ShuttingDown } else { Status::NotPermitted };
            peer.send(&failure(&asked, status, "not now"));
        }
    });
    for (clients, asker) in both(fake.path()).into_iter().enumerate() {
        let error = asker.delete_user().unwrap_err();
        assert_eq!((error.status(), error.is_retryable()), (Some(Status::NotPermitted), false));
        assert_eq!(error.to_string(), "not now");
        let error = asker.generate().expect_err("a failure");
        assert_eq!((error.status(), error.is_retryable()), (Some(Status::ShuttingDown), true));
        assert_eq!(fake.connections(), clients + 1);
    }
}

#[test]
fn a_request_that_does_not_fit_is_not_sent_and_hurts_no_other() {
    let fake = FakeDaemon::welcoming(|peer| peer.serve("u"));
    for (clients, asker) in both(fake.path()).into_iter().enumerate() {
        assert!(asker.authorize("/short").is_ok());
        let error = asker.authorize(&"/long".repeat(20_000)).unwrap_err();
        assert!(matches!(error, Error::TooLong { opcode: Opcode::Validate, limit: 65_536 }), "{error}");
        assert!(asker.authorize("/short").is_ok());
        assert_eq!(fake.connections(), clients + 1);
    }
}

#[test]
fn a_daemon_that_never_answers_costs_the_timeout_and_no_more() {
    let fake = FakeDaemon::welcoming(|_| ());
    let timeout = Duration::from_millis(150);
    for asker in both_with(fake.path(), |builder| builder.timeout(timeout)) {
        let began = Instant::now();
        let error = asker.validate().unwrap_err();
        let took = began.elapsed();
        assert!(matches!(error, Error::TimedOut { waiting: Waiting::Answer, .. }), "{error}");
        assert!(took >= timeout && took < 10 * timeout, "{took:?}");
    }
}

#[test]
fn an_answer_that_trickles_in_does_not_stretch_the_timeout() {
    let fake = FakeDaemon::welcoming(|peer| {
        let asked = peer.request().unwrap();
        let whole = answer_well(&asked, &"u".repeat(200));
        for byte in whole.chunks(1) {
            peer.send(byte);
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let timeout = Duration::from_millis(300);
    for asker in both_with(fake.path(), |builder| builder.timeout(timeout)) {
        let began = Instant::now();
        assert!(matches!(asker.validate(), Err(Error::TimedOut { waiting: Waiting::Answer, .. })));
        assert!(began.elapsed() < 4 * timeout, "{:?}", began.elapsed());
    }
}

#[test]
fn a_request_with_less_time_is_not_held_up_by_the_time_of_the_one_before() {
    let fake = FakeDaemon::welcoming(|peer| {
        peer.reply(|asked| answer_well(asked, "u"));
    });
    for asker in both(fake.path()) {
        assert_eq!(asker.user(), "u");
        let began = Instant::now();
        let hurried = asker.with_timeout(Duration::from_millis(100));
        assert!(matches!(hurried.validate(), Err(Error::TimedOut { waiting: Waiting::Answer, .. })));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}
