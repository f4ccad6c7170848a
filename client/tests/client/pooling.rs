//! Threads that share a blocking client.

use apikeyd_client::{Client, Error, Waiting};
use apikeyd_kit::answers::{answer_well, key};
use apikeyd_kit::fake_daemon::FakeDaemon;
use std::sync::{Arc, Barrier};
use std::time::Duration;

#[test]
fn threads_ask_at_the_same_time_and_get_their_own_answers() {
    const THREADS: usize = 4;
    let together = Arc::new(Barrier::new(THREADS));
    let fake = FakeDaemon::welcoming(move |peer| {
        while let Some(asked) = peer.request() {
            // Nobody is answered until all have asked: a lock held over a request would hang here.
            together.wait();
            peer.send(&answer_well(&asked, "u"));
        }
    });
    let client = Client::builder().socket(fake.path()).cache(false).connections(THREADS).build().unwrap();
    std::thread::scope(|scope| {
        for number in 1..=THREADS {
            let client = client.clone();
            scope.spawn(move || {
                for _ in 0..50 {
                    let key = key(u64::try_from(number).unwrap());
                    let verdict = client.validate(&key).unwrap();
                    assert_eq!(verdict.valid().unwrap().key_id, key.id());
                }
            });
        }
    });
    assert_eq!(fake.connections(), THREADS);
}

#[test]
fn there_are_never_more_connections_than_allowed() {
    let fake = FakeDaemon::welcoming(|peer| peer.serve("u"));
    let client = Client::builder().socket(fake.path()).cache(false).connections(2).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| drop(client.validate(&key(1)).unwrap())));
        }
    });
    assert!(fake.connections() <= 2, "{}", fake.connections());
}

#[test]
fn waiting_for_a_connection_counts_to_the_timeout() {
    let (asked, was_asked) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (asked, released) = (std::sync::Mutex::new(asked), std::sync::Mutex::new(released));
    let fake = FakeDaemon::start(move |_, mut peer| {
        peer.welcome();
        let request = peer.request().unwrap();
        asked.lock().unwrap().send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        peer.send(&answer_well(&request, "u"));
        peer.serve("u");
    });
    let client = Client::builder().socket(fake.path()).cache(false).connections(1).build().unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| client.validate(&key(1)));
        was_asked.recv().unwrap();
        let error = client.with_timeout(Duration::from_millis(50)).validate(&key(2)).unwrap_err();
        assert!(matches!(error, Error::TimedOut { waiting: Waiting::Connection, .. }), "{error}");
        release.send(()).unwrap();
        assert!(first.join().unwrap().is_ok());
    });
    assert!(client.validate(&key(2)).is_ok(), "the turn came back");
    assert_eq!(fake.connections(), 1);
}
