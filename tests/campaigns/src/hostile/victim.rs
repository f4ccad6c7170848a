//! Somebody who only wants to know whether a key is good, and how long that takes.

use super::strangers::{self, VICTIM, spawn_as};
use apikeyd_client::ApiKey;
use apikeyd_kit::bytes::request;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{Validate, Verdict};
use apikeyd_protocol::operation::Opcode;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Validations on the connection that stands, before one on a new connection.
const ON_ONE_CONNECTION: usize = 50;

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// So many validations.
    Validations(usize),
    /// So long.
    Time(Duration),
}

/// Times of single requests.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// One more request.
    pub(super) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The time that this share of the requests did not exceed, from 0 to 1000 per mille.
    #[must_use]
    pub fn per_mille(&self, per_mille: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * per_mille / 1000).min(sorted.len().saturating_sub(1));
        sorted.get(place).copied().unwrap_or_default()
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// What the victim saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Validations on a connection that stands.
    pub validations: Times,
    /// Connecting, greeting and one validation. Empty where victim and attackers are one user.
    pub connections: Times,
}

/// A connected victim that waits to be let go.
#[derive(Debug)]
pub struct Victim {
    go: Sender<Length>,
    thread: JoinHandle<Seen>,
}

impl Victim {
    /// Connects as the victim's user.
    #[must_use]
    pub fn connect(socket: PathBuf, key: ApiKey) -> Self {
        let (go, gone) = channel();
        let (connected, is_connected) = channel();
        // Asked here: the victim's thread is nobody's root any more.
        let has_places_of_its_own = strangers::are_other_users();
        let thread = spawn_as(VICTIM, move || {
            let mut peer = RawClient::greeted(&socket);
            connected.send(()).expect("somebody who waits");
            let length: Length = gone.recv().expect("a length");
            let ask = request(Opcode::Validate, 1, &Validate::new(key.id(), key.digest()));
            let (mut seen, begin) = (Seen::default(), Instant::now());
            while match length {
                Length::Validations(most) => seen.validations.count() < most,
                Length::Time(time) => begin.elapsed() < time,
            } {
                let asked = Instant::now();
                validate(&mut peer, &ask);
                seen.validations.add(asked.elapsed());
                if has_places_of_its_own && seen.validations.count() % ON_ONE_CONNECTION == 0 {
                    let asked = Instant::now();
                    validate(&mut RawClient::greeted(&socket), &ask);
                    seen.connections.add(asked.elapsed());
                }
            }
            seen
        });
        is_connected.recv().expect("a victim that was let in");
        Self { go, thread }
    }

    /// Lets it validate.
    #[must_use]
    pub fn measure(self, length: Length) -> Seen {
        self.go.send(length).expect("a victim");
        self.thread.join().expect("a victim that was served")
    }
}

fn validate(peer: &mut RawClient, ask: &[u8]) {
    peer.send(ask);
    let answer = peer.answer();
    assert_eq!(answer.status(), Status::Ok);
    let verdict = codec::decode::<Verdict<'_>>(&answer.body).expect("a verdict");
    assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:?}");
}
