//! One client's requests while daemons come and go: what was answered, and by whom it can have been.

use super::Arena;
use crate::seeded::Seeded;
use apikeyd_client::{Client, Error, Status};
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::stress::clock;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Times for a request, in milliseconds: some give up while the daemon is away, others wait for the next one.
const TIMEOUTS: [u64; 4] = [40, 300, 300, 2_000];

/// A client that is never made anew: it has to find the next daemon by itself.
pub(super) struct Asker<'a> {
    arena: &'a Arena,
    client: Client,
    random: Seeded,
    /// The daemon gave no answer last time.
    away: bool,
    /// Deaths of a daemon after which this client was answered again.
    recovered: u64,
}

/// What came of a request.
pub(super) enum Answer<T> {
    Given(T),
    /// The daemon said that it did not do it.
    Refused(Status),
    /// It may have been done.
    Missing,
}

/// Which daemon a request may have met.
#[derive(Clone, Copy)]
pub(super) struct Instance {
    kills: u64,
    is_dying: bool,
}

impl<'a> Asker<'a> {
    pub(super) fn new(arena: &'a Arena, scratch: &Scratch, random: Seeded) -> Self {
        let client = Client::builder().socket(scratch.socket()).cache(false).connections(1).build();
        Self { arena, client: client.expect("a client"), random, away: false, recovered: 0 }
    }

    /// Whether there is a daemon that answers. One that did not is asked for its status, which leaves nothing in doubt.
    pub(super) fn is_answered(&mut self) -> bool {
        if self.away {
            self.away = !matches!(self.ask(Client::status), Answer::Given(_));
        }
        !self.away
    }

    pub(super) fn ask<T>(&mut self, request: impl FnOnce(&Client) -> Result<T, Error>) -> Answer<T> {
        let timeout = Duration::from_millis(self.random.pick(&TIMEOUTS).copied().unwrap_or(300));
        let deaths = self.arena.deaths.load(Ordering::SeqCst);
        match request(&self.client.with_timeout(timeout)) {
            Ok(answer) => {
                self.note_recovery(deaths);
                Answer::Given(answer)
            }
            Err(Error::Answered { status: Status::StorageUnavailable | Status::Internal, message }) => {
                self.arena.tally.check(false, || format!("on a healthy disk: {message}"));
                Answer::Missing
            }
            Err(Error::Answered { status, .. }) => {
                self.note_recovery(deaths);
                Answer::Refused(status)
            }
            Err(error) => {
                self.arena
                    .tally
                    .check(error.is_retryable(), || format!("a client gave up for ever: {error}"));
                self.away = true;
                Answer::Missing
            }
        }
    }

    /// After the first answer to a request that was begun when so many daemons had died.
    fn note_recovery(&mut self, deaths: u64) {
        if deaths > self.recovered {
            self.recovered = deaths;
            let since = clock::now().saturating_sub(self.arena.killed_at.load(Ordering::SeqCst));
            self.arena.tally.recovered(Duration::from_nanos(since));
        }
    }

    pub(super) fn instance(&self) -> Instance {
        let deaths = self.arena.deaths.load(Ordering::SeqCst);
        let kills = self.arena.kills.load(Ordering::SeqCst);
        Instance { kills, is_dying: kills != deaths }
    }

    /// Whether no other daemon can have answered since.
    pub(super) fn is_still(&self, before: Instance) -> bool {
        !before.is_dying && self.arena.kills.load(Ordering::SeqCst) == before.kills
    }

    /// How many daemons will have died when the one that runs now is dead.
    pub(super) fn deaths_to_come(&self) -> u64 {
        self.arena.deaths.load(Ordering::SeqCst) + 1
    }
}
