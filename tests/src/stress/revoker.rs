//! Issues keys and ends them again, in every way there is.

use super::board::{Board, Posted, SEATS};
use super::{clock, user_of};
use apikeyd_client::{
    Client, CredentialsCause, DeleteOutcome, Error, Generate, KeyId, SaveMode, Status, Timestamp, UserId,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the keys live that end by themselves: longer than the time before its end in which a client's cache
/// does not answer for a key any more.
const LIFE: Duration = Duration::from_millis(1_500);

/// The wall clock may be slewed against the other one by 500 parts in a million.
const SLEW: Duration = Duration::from_millis(1);

/// Pause before a daemon that is away is asked again.
const PAUSE: Duration = Duration::from_millis(2);

/// How long a daemon may be away before the run fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends that were answered, by way.
#[derive(Debug, Default)]
pub(super) struct Ends {
    counts: [AtomicU64; WAYS.len()],
}

/// How a key ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Delete,
    Replace,
    CredentialsChanged,
    DeleteUser,
    Expire,
}

const WAYS: [(Way, &str); 5] = [
    (Way::Delete, "deleted"),
    (Way::Replace, "replaced"),
    (Way::CredentialsChanged, "credentials changed"),
    (Way::DeleteUser, "user deleted"),
    (Way::Expire, "expired"),
];

impl Ends {
    /// All of them.
    pub(super) fn total(&self) -> u64 {
        self.by_way().iter().map(|(_, count)| count).sum()
    }

    /// By way.
    pub(super) fn by_way(&self) -> Vec<(&'static str, u64)> {
        WAYS.iter()
            .zip(&self.counts)
            .map(|((_, name), count)| (*name, count.load(Ordering::Relaxed)))
            .collect()
    }

    fn count(&self, way: Way) {
        let place = WAYS.iter().position(|(other, _)| *other == way);
        if let Some(count) = place.and_then(|place| self.counts.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// One thread of the revoker, which takes care of every `step`th seat.
pub(super) struct Revoker<'a> {
    pub(super) board: &'a Board,
    pub(super) client: &'a Client,
    pub(super) ends: &'a Ends,
    pub(super) first: usize,
    pub(super) step: usize,
    /// Keys that it issued.
    pub(super) issued: usize,
}

struct Live {
    posted: Posted,
    key_id: KeyId,
    way: Way,
}

impl Revoker<'_> {
    /// Goes on until it is stopped. Then every end that was answered is on the board.
    pub(super) fn run(mut self, stop: &AtomicBool) {
        let mut seats: Vec<(usize, Option<Live>)> =
            (self.first..SEATS).step_by(self.step).map(|seat| (seat, None)).collect();
        while !stop.load(Ordering::Relaxed) {
            for (seat, live) in &mut seats {
                *live = match live.take() {
                    None => Some(self.issue(*seat, None)),
                    Some(live) => self.end(*seat, live),
                };
            }
        }
    }

    /// Ends a key; gives the seat's key if it has one then.
    fn end(&mut self, seat: usize, live: Live) -> Option<Live> {
        match live.way {
            Way::Expire => {
                // Its end is on the board since it was posted.
                let is_over = self.board.ended_at(live.posted).is_some_and(|end| clock::now() > end);
                if !is_over {
                    return Some(live);
                }
                self.ends.count(live.way);
                return None;
            }
            Way::Replace => {
                let replacing = self.issue(seat, Some(live.posted));
                self.ends.count(live.way);
                return Some(replacing);
            }
            Way::Delete => {
                let deleted = until_answered(|| self.client.delete(live.key_id));
                assert!(!matches!(deleted.outcome, DeleteOutcome::DraftDiscarded), "{deleted:?}");
            }
            Way::CredentialsChanged => {
                until_answered(|| self.client.credentials_changed(&user(seat), CredentialsCause::Reset));
            }
            Way::DeleteUser => {
                until_answered(|| self.client.delete_user(&user(seat)));
            }
        }
        self.board.end(live.posted, clock::now());
        self.ends.count(live.way);
        None
    }

    /// A new key on a seat, also in the place of another one, which ends with the answer.
    fn issue(&mut self, seat: usize, replaced: Option<Posted>) -> Live {
        let way = WAYS.get((self.first + self.issued) % WAYS.len()).map_or(Way::Delete, |(way, _)| *way);
        self.issued += 1;
        let mode = if replaced.is_some() { SaveMode::Replace } else { SaveMode::Add };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let life = (way == Way::Expire).then(Life::begin);
            let expires_at = life.as_ref().map(|life| life.expires_at);
            let request = Generate::new(user(seat)).expires_at(expires_at);
            let saved = answer(|| self.client.generate(&request))
                .and_then(|draft| answer(|| self.client.save(draft.key_id, mode)).map(|_| draft));
            match saved {
                Ok(draft) => {
                    let answered_at = clock::now();
                    if let Some(replaced) = replaced {
                        self.board.end(replaced, answered_at);
                    }
                    let posted = self.board.post(seat, &draft.key, life.map(|life| life.over_at));
                    return Live { posted, key_id: draft.key_id, way };
                }
                // Drafts end with their daemon; what waited for long may also have outlived its own expiry.
                Err(Error::Answered { status: Status::NotFound | Status::InvalidArgument, .. })
                    if Instant::now() < deadline => {}
                Err(error) => panic!("a key could not be saved: {error}"),
            }
        }
    }
}

/// The life of a key that ends by itself.
struct Life {
    expires_at: Timestamp,
    /// The same by the other clock, or a little later.
    over_at: u64,
}

impl Life {
    fn begin() -> Self {
        // The wall clock first: what passes in between makes the end come later, never too early.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        let monotonic = clock::now();
        let expires_at = wall + LIFE;
        // The daemon knows whole milliseconds, so the end is up to one earlier than here.
        let expires_at =
            Timestamp::from_unix_millis(u64::try_from(expires_at.as_millis()).unwrap_or(u64::MAX));
        let life = u64::try_from((LIFE + SLEW).as_nanos()).unwrap_or(u64::MAX);
        Self { expires_at, over_at: monotonic.saturating_add(life) }
    }
}

fn user(seat: usize) -> UserId {
    UserId::parse(&user_of(seat)).expect("a user's name")
}

/// The answer of a daemon that may be killed and started again meanwhile.
fn until_answered<T>(ask: impl FnMut() -> Result<T, Error>) -> T {
    answer(ask).unwrap_or_else(|error| panic!("the revoker got no answer: {error}"))
}

/// As [`until_answered`], with what the daemon refuses.
fn answer<T>(mut ask: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Err(error) if !is_refusal(&error) && Instant::now() < deadline => thread::sleep(PAUSE),
            answer => return answer,
        }
    }
}

/// Whether the daemon answered, and will not answer otherwise.
fn is_refusal(error: &Error) -> bool {
    let busy = [Status::Busy, Status::ShuttingDown, Status::StorageUnavailable];
    error.status().is_some_and(|status| !busy.contains(&status))
}
