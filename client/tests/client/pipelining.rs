//! Tasks that share an asynchronous client.

use crate::asker::runtime;
use apikeyd_client::{AsyncClient, Client, Error, KeyId, RightSet, Status};
use apikeyd_kit::answers::{answer_well, failure, key, valid};
use apikeyd_kit::bytes::Message;
use apikeyd_kit::fake_daemon::FakeDaemon;
use apikeyd_protocol::hello::Welcome;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

fn client(path: &Path) -> AsyncClient {
    Client::builder().socket(path).timeout(Duration::from_secs(20)).cache(false).build_async().unwrap()
}

/// Spawns one validation for each number and gives the users of the answers, in the order of the numbers.
async fn validate_all(client: &AsyncClient, numbers: std::ops::RangeInclusive<u64>) -> Vec<(KeyId, String)> {
    let tasks: Vec<_> = numbers
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.validate(&key(number)).await.unwrap() })
        })
        .collect();
    let mut users = Vec::new();
    for task in tasks {
        let verdict = task.await.unwrap();
        let valid = verdict.valid().expect("a valid key");
        users.push((valid.key_id, valid.user.to_string()));
    }
    users
}

fn expected(numbers: std::ops::RangeInclusive<u64>) -> Vec<(KeyId, String)> {
    numbers.map(|number| (key(number).id(), format!("user-{}", key(number).id()))).collect()
}

/// An answer that names the key which was asked about.
fn own_answer(asked: &Message) -> Vec<u8> {
    let request: apikeyd_protocol::message::Validate<'_> =
        apikeyd_protocol::codec::decode(&asked.body).unwrap();
    let user = format!("user-{}", request.key_id);
    apikeyd_kit::answers::answer(asked, Status::Ok, &valid(&user, request.key_id))
}

#[test]
fn answers_in_any_order_find_their_tasks_over_one_connection() {
    let fake = FakeDaemon::welcoming(|peer| {
        let mut asked: Vec<_> = (0..20).map(|_| peer.request().unwrap()).collect();
        asked.reverse();
        asked.iter().for_each(|asked| peer.send(&own_answer(asked)));
    });
    runtime().block_on(async {
        assert_eq!(validate_all(&client(fake.path()), 1..=20).await, expected(1..=20));
    });
    assert_eq!(fake.connections(), 1);
}

#[test]
fn requests_that_wait_together_leave_together() {
    let fake = FakeDaemon::start(|_, mut peer| {
        peer.welcome();
        let first = peer.request().unwrap();
        peer.send(&own_answer(&first));
        peer.read();
        assert_eq!(peer.requests_at_hand(), 20, "in one write");
        while let Some(asked) = peer.request() {
            peer.send(&own_answer(&asked));
        }
    });
    // On one thread all twenty tasks run before the connection's own does.
    runtime().block_on(async {
        let client = client(fake.path());
        assert!(client.validate(&key(1)).await.is_ok());
        assert_eq!(validate_all(&client, 1..=20).await, expected(1..=20));
    });
}

#[test]
fn no_more_requests_are_in_flight_than_the_daemon_allows() {
    let fake = FakeDaemon::start(|_, mut peer| {
        peer.welcome_as(|hello| Welcome { max_in_flight: 2, ..Welcome::accept(hello, RightSet::EMPTY, 1) });
        for _ in 0..5 {
            let pair = [peer.request().unwrap(), peer.request().unwrap()];
            peer.stream.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
            assert_eq!(peer.read(), 0, "a third request came");
            peer.stream.set_read_timeout(None).unwrap();
            pair.iter().for_each(|asked| peer.send(&own_answer(asked)));
        }
        peer.wait_for_end();
    });
    runtime().block_on(async {
        assert_eq!(validate_all(&client(fake.path()), 1..=10).await, expected(1..=10));
    });
}

/// Polls a future once and drops it.
async fn begin_and_drop(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_request_that_is_dropped_disturbs_no_other() {
    let fake = FakeDaemon::start(|_, mut peer| {
        peer.welcome_as(|hello| Welcome { max_in_flight: 4, ..Welcome::accept(hello, RightSet::EMPTY, 1) });
        while let Some(asked) = peer.request() {
            peer.send(&own_answer(&asked));
        }
    });
    runtime().block_on(async {
        let client = client(fake.path());
        assert!(client.validate(&key(1)).await.is_ok());
        // More than may be in flight: the places of those that were dropped must come back.
        for number in 1..=20 {
            begin_and_drop(client.validate(&key(number))).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(validate_all(&client, 1..=20).await, expected(1..=20));
    });
    assert_eq!(fake.connections(), 1);
}

#[test]
fn a_late_answer_is_thrown_away() {
    let (late, send_late) = std::sync::mpsc::channel::<()>();
    let send_late = std::sync::Mutex::new(send_late);
    let fake = FakeDaemon::start(move |_, mut peer| {
        peer.welcome();
        let first = peer.request().unwrap();
        send_late.lock().unwrap().recv().unwrap();
        peer.send(&answer_well(&first, "too-late"));
        while let Some(asked) = peer.request() {
            peer.send(&own_answer(&asked));
        }
    });
    runtime().block_on(async {
        let client = client(fake.path());
        let error = client.with_timeout(Duration::from_millis(30)).validate(&key(1)).await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        late.send(()).unwrap();
        assert_eq!(validate_all(&client, 2..=5).await, expected(2..=5));
    });
    assert_eq!(fake.connections(), 1);
}

#[test]
fn a_failed_request_fails_alone() {
    let fake = FakeDaemon::welcoming(|peer| {
        while let Some(asked) = peer.request() {
            let request: apikeyd_protocol::message::Validate<'_> =
                apikeyd_protocol::codec::decode(&asked.body).unwrap();
            let fails = request.key_id == key(3).id();
            peer.send(&if fails { failure(&asked, Status::Internal, "broken") } else { own_answer(&asked) });
        }
    });
    runtime().block_on(async {
        let client = client(fake.path());
        let (three, five) = (key(3), key(5));
        let (failed, fine) = tokio::join!(client.validate(&three), client.validate(&five));
        assert_eq!(failed.unwrap_err().status(), Some(Status::Internal));
        assert_eq!(fine.unwrap().valid().unwrap().key_id, five.id());
    });
}

#[test]
fn a_broken_connection_breaks_all_that_wait_and_each_is_asked_again() {
    let fake = FakeDaemon::start(|number, mut peer| {
        peer.welcome();
        if number == 0 {
            (0..10).for_each(|_| drop(peer.request().unwrap()));
            return;
        }
        while let Some(asked) = peer.request() {
            peer.send(&own_answer(&asked));
        }
    });
    runtime().block_on(async {
        assert_eq!(validate_all(&client(fake.path()), 1..=10).await, expected(1..=10));
    });
    assert_eq!(fake.connections(), 2);
}

#[test]
fn a_client_outlives_the_runtime_of_its_connection() {
    let fake = FakeDaemon::welcoming(|peer| peer.serve("u"));
    let client = client(fake.path());
    for connections in 1..=3 {
        runtime().block_on(async { assert!(client.validate(&key(1)).await.is_ok()) });
        assert_eq!(fake.connections(), connections);
    }
}

#[test]
fn the_connection_ends_with_the_last_clone() {
    let (ended, has_ended) = std::sync::mpsc::channel();
    let ended = std::sync::Mutex::new(ended);
    let fake = FakeDaemon::start(move |_, mut peer| {
        peer.welcome();
        peer.serve("u");
        ended.lock().unwrap().send(()).unwrap();
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = client(fake.path());
    assert!(runtime.block_on(client.validate(&key(1))).is_ok());
    drop(client.clone());
    assert!(runtime.block_on(client.validate(&key(1))).is_ok());
    drop(client);
    has_ended.recv_timeout(Duration::from_secs(20)).expect("the connection was closed");
}
