//! Who sends much at once does not keep the others waiting until all of it is answered.

use apikeyd::config::{CommandLine, Place, SystemAccounts, load};
use apikeyd::embedded::Embedded;
use apikeyd::parts::Parts;
use apikeyd_campaigns::in_memory::{Image, Session};
use apikeyd_kit::bytes::request;
use apikeyd_kit_service::peer;
use apikeyd_protocol::frame::Frame;
use apikeyd_protocol::hello::{Hello, WELCOME_BYTES};
use apikeyd_protocol::key::{KeyDigest, KeyId};
use apikeyd_protocol::message::Validate;
use apikeyd_protocol::operation::Opcode;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What one connection has waiting: it fits into the socket.
const REQUESTS: u64 = 1_000;

const PATIENCE: Duration = Duration::from_secs(60);

/// The most requests that are answered in one turn.
const TURN: u64 = 64;

#[test]
fn others_have_their_turn_between_the_requests_of_a_long_pipeline() {
    let session = Session::create(Image::default(), Parts::system());
    let place = Place {
        uid: 1000,
        state_directory: None,
        xdg_state_home: None,
        xdg_runtime_dir: Some("/run/user/1000".into()),
        home: Some("/nowhere".into()),
        log: None,
    };
    let config = load(&CommandLine::default(), &place, &SystemAccounts).unwrap();
    let daemon = Embedded::new(Arc::clone(&session.service), CommandLine::default(), place, config);
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_write_timeout(Some(PATIENCE)).unwrap();
    // In one piece, which the socket takes: a thousand small ones would fill its buffer with what belongs to each.
    ours.write_all(&pipeline()).unwrap();
    ours.shutdown(Shutdown::Write).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let turns_of_others = runtime.block_on(async {
        let (_drain, draining) = watch::channel(false);
        let served = tokio::spawn(async move { daemon.serve(theirs, peer(1000), draining).await });
        let mut turns = 0;
        while !served.is_finished() {
            turns += 1;
            tokio::task::yield_now().await;
        }
        assert_eq!(served.await.unwrap().unwrap(), "the caller closed it");
        turns
    });
    let mut answers = Vec::new();
    ours.read_to_end(&mut answers).unwrap();
    assert_eq!(answered(&answers[WELCOME_BYTES..]), REQUESTS);
    assert!(turns_of_others >= REQUESTS / TURN, "only {turns_of_others} turns");
}

fn pipeline() -> Vec<u8> {
    let mut bytes = Hello::CURRENT.encode().to_vec();
    for number in 1..=REQUESTS {
        let key_id = KeyId::new(number).unwrap();
        let asked = Validate::new(key_id, KeyDigest::from_bytes([7; KeyDigest::BYTES]));
        bytes.extend(request(Opcode::Validate, number, &asked));
    }
    bytes
}

fn answered(mut bytes: &[u8]) -> u64 {
    let mut answers = 0;
    while let Some((_, rest)) = Frame::split(bytes).unwrap() {
        (bytes, answers) = (rest, answers + 1);
    }
    assert!(bytes.is_empty());
    answers
}
