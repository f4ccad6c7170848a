//! A key is taken in each form in which a service may hold it, by both clients.

use crate::asker::{Asker, both};
use apikeyd_client::{KeyFormatError, Operation, PresentedKey, Refusal, Verdict};
use apikeyd_kit::answers::{answer_well, key};
use apikeyd_kit::fake_daemon::FakeDaemon;

/// Validates and authorizes with each form, each time with the same outcome.
macro_rules! for_each_form {
    ($asker:expr, $expected:expr, $($key:expr),+) => { $(
        let (validated, authorized) = match $asker {
            Asker::Blocking(client) => {
                (client.validate($key), client.authorize($key, Operation::new("GET", b"/api/7")))
            }
            #[cfg(feature = "tokio")]
            Asker::Tokio(runtime, client) => runtime.block_on(async {
                (client.validate($key).await, client.authorize($key, Operation::new("GET", b"/api/7")).await)
            }),
        };
        assert_eq!(&validated.unwrap(), $expected, "{}", stringify!($key));
        assert_eq!(&authorized.unwrap(), $expected, "{}", stringify!($key));
    )+ };
}

#[test]
fn every_form_of_a_key_is_the_same_key() {
    let fake = FakeDaemon::welcoming(|peer| {
        while let Some(asked) = peer.request() {
            peer.send(&answer_well(&asked, "alice"));
        }
    });
    let key = key(1);
    let string = key.expose().to_owned();
    let (text, bytes, vector) = (string.as_str(), string.as_bytes(), string.clone().into_bytes());
    for asker in &both(fake.path()) {
        let valid = asker.validate().unwrap();
        assert!(valid.valid().is_some());
        for_each_form!(asker, &valid, &key, &&key, text, &text, &string, bytes, &bytes, &vector);
    }
}

#[test]
fn every_form_of_another_text_is_malformed() {
    let fake = FakeDaemon::start(|_, _| panic!("the daemon was asked"));
    let refused = Verdict::Refused(Refusal::Malformed(KeyFormatError::Length { bytes: 6 }));
    let (string, vector) = ("no key".to_owned(), b"no key".to_vec());
    for asker in &both(fake.path()) {
        for_each_form!(asker, &refused, "no key", &"no key", &string, b"no key", &b"no key"[..], &vector);
    }
}

#[test]
fn a_presented_key_is_not_printed() {
    let key = key(1);
    for presented in [PresentedKey::try_from(&key), PresentedKey::try_from(key.expose())] {
        let printed = format!("{:?}", presented.unwrap());
        assert!(printed.contains("[REDACTED]") && !printed.contains(key.expose()), "{printed}");
    }
}

#[cfg(feature = "tokio")]
#[test]
fn a_validation_in_progress_can_move_to_another_thread() {
    fn is_send(_: &impl Send) {}
    let client = apikeyd_client::AsyncClient::builder().socket("/nowhere").build_async().unwrap();
    let key = key(1);
    is_send(&client.validate(&key));
    is_send(&client.authorize(key.expose(), Operation::new("GET", "/api/7")));
    is_send(&client.status());
}
