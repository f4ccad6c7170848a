//! Everything at once: validations with and without a cache, saves, revocations, lists, new connections, reloads and
//! backups, each kind by a thread of its own at its own pace.

use super::counts::Counts;
use super::options::Plan;
use apikeyd_client::{
    ApiKey, AuditList, Client, CredentialsCause, Generate, List, Operation, SaveMode, UserId, Verdict,
};
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::filling::fill;
use hdrhistogram::Histogram;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// Policies that take turns at reloads.
pub(super) const POLICIES: [&str; 2] = [
    "default = \"allow\"\n",
    "default = \"allow\"\n\n[[operation]]\nmethod = \"DELETE\"\npath = \"/api/user/{id}\"\neffect = \"deny\"\nname = \"user deletion\"\n",
];

/// Time for a request: more than a restart takes on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Users whose keys change, for each thread that changes them.
const CHANGING: usize = 200;

/// Reloads and backups, as multiples of the pause.
const SELDOM: u64 = 200;

/// The longest time that is told from a longer one, in nanoseconds: two minutes.
const LONGEST: u64 = 120_000_000_000;

/// What the threads share.
pub(super) struct Load {
    pub(super) stop: AtomicBool,
    pub(super) counts: Counts,
    socket: PathBuf,
    policy: PathBuf,
    plan: Plan,
    /// Keys that stay good.
    settled: Vec<ApiKey>,
    caching: Client,
    latency: Mutex<Histogram<u64>>,
    wrong: Mutex<Vec<String>>,
    last_backup: AtomicU64,
}

impl Load {
    /// Makes the keys that stay.
    pub(super) fn prepare(scratch: &Scratch, plan: &Plan) -> Self {
        let socket = scratch.socket();
        let name = |number| format!("settled-{number}");
        let settled = fill(&socket, plan.settled.max(1) as u64, name, |_, draft| Some(draft.key));
        let caching = Client::builder().socket(&socket).timeout(TIMEOUT).build().expect("a client");
        Self {
            stop: AtomicBool::new(false),
            counts: Counts::default(),
            policy: scratch.path("policy.toml"),
            plan: plan.clone(),
            settled,
            caching,
            latency: Mutex::new(histogram()),
            wrong: Mutex::default(),
            last_backup: AtomicU64::new(0),
            socket,
        }
    }

    /// Starts all threads.
    pub(super) fn start<'s>(&'s self, scope: &'s Scope<'s, '_>) {
        scope.spawn(|| self.validate_uncached(0));
        scope.spawn(|| self.validate_uncached(1));
        scope.spawn(|| self.validate_cached());
        scope.spawn(|| self.change(0));
        scope.spawn(|| self.change(1));
        scope.spawn(|| self.read());
        scope.spawn(|| self.reconnect());
        scope.spawn(|| self.operate());
    }

    /// Times of uncached validations since the last call.
    pub(super) fn take_latency(&self) -> Histogram<u64> {
        std::mem::replace(&mut *lock(&self.latency), histogram())
    }

    /// The size of the last backup in bytes.
    pub(super) fn last_backup(&self) -> Option<u64> {
        Some(self.last_backup.load(Ordering::Relaxed)).filter(|bytes| *bytes != 0)
    }

    /// Another connection, for as long as the client is kept.
    pub(super) fn connect(&self) -> Client {
        let client = client(&self.socket);
        client.rights().expect("a connection");
        client
    }

    /// Whether every kind of request was answered, and a cache was hit.
    pub(super) fn is_complete(&self) -> bool {
        self.hits() > 0 && self.counts.has_every_kind()
    }

    pub(super) fn hits(&self) -> u64 {
        self.caching.cache_statistics().hits
    }

    /// Verdicts that were wrong.
    pub(super) fn wrong(&self) -> Vec<String> {
        lock(&self.wrong).clone()
    }

    fn validate_uncached(&self, first: usize) {
        let client = client(&self.socket);
        for key in self.settled.iter().cycle().skip(first * self.settled.len() / 2) {
            if !self.goes_on() {
                return;
            }
            let began = Instant::now();
            let verdict =
                self.counts.count("validate", client.authorize(key, Operation::new("GET", "/api/orders/17")));
            let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            lock(&self.latency).saturating_record(nanos);
            self.check_valid(key, verdict.as_ref());
        }
    }

    /// Cached ones cost nearly nothing, so there are many between two pauses.
    fn validate_cached(&self) {
        while self.goes_on() {
            for key in &self.settled {
                let verdict = self.caching.validate(key).ok();
                self.check_valid(key, verdict.as_ref());
            }
        }
    }

    /// Keys come, are used, are replaced and end, by every request that ends one.
    fn change(&self, thread: usize) {
        let client = client(&self.socket);
        let user = |number: usize| {
            UserId::parse(&format!("changing-{thread}-{}", number % CHANGING)).expect("a name")
        };
        let mut keys: Vec<Option<ApiKey>> = (0..CHANGING).map(|_| None).collect();
        for number in 0.. {
            if !self.goes_on() {
                return;
            }
            let (user, place) = (user(number), number % CHANGING);
            let ended = match (keys[place].take(), number % 5) {
                (Some(old), 0) => self.counts.count("delete", client.delete(old.id())).map(|_| old),
                (Some(old), 1) => {
                    let cause = CredentialsCause::Change;
                    self.counts
                        .count("credentials changed", client.credentials_changed(&user, cause))
                        .map(|_| old)
                }
                (Some(old), 2) => self.counts.count("delete user", client.delete_user(&user)).map(|_| old),
                (old, _) => {
                    let request = Generate::new(user.clone());
                    let Some(draft) = self.counts.count("generate", client.generate(&request)) else {
                        continue;
                    };
                    let mode = if old.is_some() { SaveMode::Replace } else { SaveMode::Add };
                    let saved = self.counts.count("save", client.save(draft.key_id, mode));
                    if saved.is_some() {
                        self.check_valid(&draft.key, self.caching.validate(&draft.key).ok().as_ref());
                        keys[place] = Some(draft.key);
                    } else {
                        // A restart left it open what this user has: the next turn begins with nothing.
                        self.counts.count("delete user", client.delete_user(&user));
                    }
                    saved.and(old)
                }
            };
            if let Some(ended) = ended
                && let Ok(verdict) = self.caching.validate(&ended)
            {
                self.check(verdict.valid().is_none(), || {
                    format!("{} was accepted after its end", ended.id())
                });
            }
        }
    }

    fn read(&self) {
        let client = client(&self.socket);
        let (mut after, mut revision) = (None, 0);
        while self.goes_on() {
            let request = List::new().after(after).limit(100).include_revoked(true);
            after = self.counts.count("list", client.list(&request)).and_then(|page| page.next);
            let request = AuditList::new().after(revision).limit(100);
            revision = self
                .counts
                .count("audit list", client.audit_list(&request))
                .and_then(|page| page.next)
                .unwrap_or(0);
            self.counts.count("status", client.status());
            self.counts.count("statistics", client.statistics());
            let user = UserId::parse("settled-0").expect("a name");
            self.counts.count("retrieve", client.retrieve_user(&user));
        }
    }

    /// Each time another client, which goes again.
    fn reconnect(&self) {
        for key in self.settled.iter().cycle() {
            if !self.goes_on() {
                return;
            }
            let verdict =
                self.counts.count("validate on a new connection", client(&self.socket).validate(key));
            self.check_valid(key, verdict.as_ref());
        }
    }

    fn operate(&self) {
        let client = client(&self.socket);
        for turn in 0_u64.. {
            if !self.goes_on() {
                return;
            }
            if turn.is_multiple_of(SELDOM) {
                let policy = if (turn / SELDOM).is_multiple_of(2) { POLICIES[1] } else { POLICIES[0] };
                std::fs::write(&self.policy, policy).expect("a policy file");
                self.counts.count("reload", client.reload());
            }
            if turn % SELDOM == SELDOM / 2
                && let Some(backup) = self.counts.count("backup", client.backup())
            {
                self.last_backup.store(backup.ready.bytes, Ordering::Relaxed);
            }
        }
    }

    /// After a pause: whether there is more to do.
    fn goes_on(&self) -> bool {
        thread::sleep(self.plan.pause());
        !self.stop.load(Ordering::Relaxed)
    }

    fn check_valid(&self, key: &ApiKey, verdict: Option<&Verdict>) {
        self.check(verdict.is_none_or(|verdict| verdict.valid().is_some()), || {
            format!("{} was refused: {verdict:?}", key.id())
        });
    }

    fn check(&self, is_right: bool, wrong: impl FnOnce() -> String) {
        if !is_right {
            lock(&self.wrong).push(wrong());
        }
    }
}

fn client(socket: &PathBuf) -> Client {
    Client::builder().socket(socket).cache(false).connections(1).timeout(TIMEOUT).build().expect("a client")
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("a histogram")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
