//! Fetches the daemon's policy table in the background.
//!
//! A table of ten thousand rows is eighty pages and takes tens of milliseconds. No caller waits for that: until the table
//! is there, the daemon judges each operation. An asynchronous client fetches in a task. A blocking one has a thread for
//! it, started when a table is first wanted and parked until the next one is: starting one for each table would cost the
//! caller more than its request. The thread has a connection of its own, so that it takes none of the callers', and ends
//! with the last client that shares the cache. After a change of epoch the daemon is first asked whether its table is
//! still the same; if so, the rows stay.

use super::pages::Pages;
use super::policy::{InForce, PartialTable};
use super::worker::{Stop, Worker};
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::pool::Pools;
use crate::request::{EMPTY, asked};
use apikeyd_protocol::message::{PolicyPage, PolicyRows, PolicySummary};
use apikeyd_protocol::operation;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Time for one page.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A table that is being fetched for the cache. It does not keep the cache alive.
pub(crate) struct Fetch {
    cache: Weak<dyn HasPages>,
    table: PartialTable,
    /// Whether the daemon was asked for the hash of its table, to compare with the one that is here.
    compared: bool,
    /// The table that is here, if it is the daemon's.
    kept: Option<InForce>,
}

/// What to ask the daemon for.
pub(crate) enum Step {
    Summary,
    Rows(PolicyRows),
}

/// What holds the page and the policy table, and outlives no client.
pub(super) trait HasPages: Send + Sync {
    fn pages(&self) -> &Pages;
}

impl Fetch {
    /// Begins to fetch the policy table; none without a page, without which it could not be used.
    pub(super) fn begin(cache: &Arc<dyn HasPages>) -> Option<Self> {
        let in_use = cache.pages().share()?;
        let held = in_use.policy.as_ref().map(|policy| Arc::clone(&policy.table));
        let table = PartialTable::of(Arc::clone(&in_use.page), held);
        Some(Self { cache: Arc::downgrade(cache), table, compared: false, kept: None })
    }

    /// What to ask for next, and by when; none when nothing is left or the cache is gone.
    pub(crate) fn next(&self) -> Option<(Step, Deadline)> {
        let step = match self.table.next() {
            _ if self.kept.is_some() => return None,
            _ if self.table.has_previous() && !self.compared => Step::Summary,
            from => Step::Rows(PolicyRows::new(from?)),
        };
        (self.cache.strong_count() > 0).then(|| (step, Deadline::after(TIMEOUT)))
    }

    /// Takes a summary; false when the fetch is over.
    pub(crate) fn compare(&mut self, answer: Result<PolicySummary, Error>) -> bool {
        self.compared = true;
        match answer {
            Ok(summary) => self.kept = self.table.kept(&summary),
            // A daemon that does not know the request: its rows tell.
            Err(Error::Answered { .. }) => {}
            Err(_) => return false,
        }
        true
    }

    /// Takes a page; false when the fetch failed, or the page is of another table than those before.
    pub(crate) fn add(&mut self, answer: Result<PolicyPage, Error>) -> bool {
        answer.is_ok_and(|page| self.table.add(page))
    }

    /// Puts the table into the cache if it is complete.
    pub(crate) fn finish(self) {
        let Self { cache, table, kept, .. } = self;
        if let (Some(policy), Some(cache)) = (kept.or_else(|| table.finish()), cache.upgrade()) {
            cache.pages().put_policy(&policy);
        }
    }
}

/// The thread of a blocking client.
pub(super) struct Fetching {
    endpoint: Endpoint,
    wanted: Arc<AtomicBool>,
    fetcher: Worker,
}

impl Fetching {
    /// Without a thread yet; it will ask the daemon at `endpoint`.
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, wanted: Arc::default(), fetcher: Worker::new("apikeyd-policy") }
    }

    pub(super) fn wake(&self, inner: &Arc<dyn HasPages>) {
        self.wanted.store(true, Ordering::Release);
        let (inner, endpoint) = (Arc::downgrade(inner), self.endpoint.clone());
        let wanted = Arc::clone(&self.wanted);
        // Without a thread the daemon goes on judging, and the next miss tries to start one.
        self.fetcher.wake(|stop| move || run(&inner, &endpoint, &wanted, &stop));
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.fetcher.stop();
    }
}

fn run(inner: &Weak<dyn HasPages>, endpoint: &Endpoint, wanted: &AtomicBool, stop: &Stop) {
    while !stop.is_requested() {
        if !wanted.swap(false, Ordering::AcqRel) {
            thread::park();
            continue;
        }
        // The cache is kept alive for no longer than this.
        let fetch = inner.upgrade().and_then(|inner| Fetch::begin(&inner));
        if let Some(fetch) = fetch {
            all_pages(fetch, &Pools::new(endpoint.clone(), 1));
        }
    }
}

fn all_pages(mut fetch: Fetch, pools: &Pools) {
    while let Some((step, deadline)) = fetch.next() {
        let goes_on = match step {
            Step::Summary => fetch.compare(pools.ask(&asked::<operation::PolicySummary>(&EMPTY), deadline)),
            Step::Rows(rows) => fetch.add(pools.ask(&asked::<operation::PolicyRows>(&rows), deadline)),
        };
        if !goes_on {
            return;
        }
    }
    fetch.finish();
}
