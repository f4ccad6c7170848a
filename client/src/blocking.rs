//! The blocking client.

mod refill;

use crate::backup::Backup;
use crate::cache::{Cache, CacheStatistics, KeyAlone, MaybeOperation, Miss};
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, ProtocolError};
use crate::pool::Pools;
use crate::presented::PresentedKey;
use crate::request::{EMPTY, Request, asked};
use crate::verdict::{Refusal, Verdict};
use apikeyd_protocol::key::{ApiKey, KeyFormatError};
use apikeyd_protocol::message::{Operation, Validate};
use apikeyd_protocol::operation;
use apikeyd_protocol::right::RightSet;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// The blocking client: each thread that calls it has one request in flight.
///
/// Clones are cheap and share one small set of connections; a thread takes one for the length of its request,
/// so that no lock is held meanwhile. After a `fork` the child makes connections of its own. Verdicts are cached
/// where that is safe: see [`Builder::cache`](crate::Builder::cache).
#[derive(Clone, Debug)]
pub struct Client {
    pools: Arc<Pools>,
    cache: Option<Arc<Cache>>,
    timeout: Duration,
}

impl Client {
    pub(crate) fn new(
        endpoint: Endpoint,
        timeout: Duration,
        connections: usize,
        cache: Option<Arc<Cache>>,
    ) -> Self {
        Self { pools: Arc::new(Pools::new(endpoint, connections)), cache, timeout }
    }

    /// This client with another timeout for a whole request; the connections and the cache are shared.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// The rights of this process, as the daemon gave them when the connection was made. Connects if necessary.
    ///
    /// # Errors
    /// Everything that can go wrong in connecting.
    pub fn rights(&self) -> Result<RightSet, Error> {
        self.pools.rights(self.deadline())
    }

    /// Validates a key: an [`ApiKey`], or a text that may not even be one. Such a text is refused without asking the daemon.
    ///
    /// # Errors
    /// When there is no verdict: let nobody in. A refused key is a verdict, not an error.
    ///
    /// # Examples
    /// ```no_run
    /// # use apikeyd_client::{Client, Verdict};
    /// # fn main() -> Result<(), apikeyd_client::Error> {
    /// let client = Client::connect()?;
    /// let presented = "akd_1QwErTy0123_...";
    /// match client.validate(presented)? {
    ///     Verdict::Valid(key) => println!("this is {}", key.user),
    ///     Verdict::Refused(_) => println!("401"),
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn validate<'k>(
        &self,
        key: impl TryInto<PresentedKey<'k>, Error = KeyFormatError>,
    ) -> Result<Verdict, Error> {
        match key.try_into() {
            Ok(presented) => self.validate_key(presented.key()),
            Err(fault) => Ok(Verdict::Refused(Refusal::Malformed(fault))),
        }
    }

    /// Validates a key, and judges by the daemon's policy table whether it may do an operation.
    ///
    /// The operation is that of the request that will be served, raw, as on its request line; not what a header says
    /// that a client can set.
    ///
    /// # Errors
    /// When there is no verdict: let nobody in. A refusal is a verdict, not an error.
    ///
    /// # Examples
    /// ```no_run
    /// # use apikeyd_client::{Client, Operation, Refusal, Verdict};
    /// # fn main() -> Result<(), apikeyd_client::Error> {
    /// # let client = Client::connect()?;
    /// # let (presented, method, target) = (String::new(), "GET", "/api/7?page=2");
    /// match client.authorize(&presented, Operation::new(method, target))? {
    ///     Verdict::Valid(key) => println!("200, {}", key.user),
    ///     Verdict::Refused(Refusal::OperationDenied(_)) => println!("403"),
    ///     Verdict::Refused(_) => println!("401"),
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn authorize<'k>(
        &self,
        key: impl TryInto<PresentedKey<'k>, Error = KeyFormatError>,
        operation: Operation<'_>,
    ) -> Result<Verdict, Error> {
        match key.try_into() {
            Ok(presented) => self.authorize_key(presented.key(), operation),
            Err(fault) => Ok(Verdict::Refused(Refusal::Malformed(fault))),
        }
    }

    /// Counters of the cache that this client and its clones share; all zero without one.
    #[must_use]
    pub fn cache_statistics(&self) -> CacheStatistics {
        self.cache.as_ref().map(|cache| cache.statistics()).unwrap_or_default()
    }

    // Not generic, and never inlined: compiled once each, here, and not for each form of a key and each call.
    #[inline(never)]
    fn validate_key(&self, key: &ApiKey) -> Result<Verdict, Error> {
        self.judge(key, KeyAlone)
    }

    #[inline(never)]
    fn authorize_key(&self, key: &ApiKey, operation: Operation<'_>) -> Result<Verdict, Error> {
        self.judge(key, operation)
    }

    /// Every validation passes here.
    #[inline]
    fn judge(&self, key: &ApiKey, operation: impl MaybeOperation) -> Result<Verdict, Error> {
        match self.cache.as_ref().and_then(|cache| cache.look_up(key, &operation)) {
            Some(key) => Ok(Verdict::Valid(key)),
            None => self.ask_for_verdict(key, operation.operation().copied()),
        }
    }

    #[inline(never)]
    fn ask_for_verdict(&self, key: &ApiKey, operation: Option<Operation<'_>>) -> Result<Verdict, Error> {
        let deadline = self.deadline();
        let has_operation = operation.is_some();
        let judged = self.pools.ask(&Validate::new(key.id(), key.digest()).operation(operation), deadline)?;
        if let Some(cache) = &self.cache {
            cache.missed();
            let miss = Miss { cache, key, has_operation, judged: &judged };
            refill::refill(&miss, &self.pools, deadline);
        }
        Ok(judged.verdict)
    }

    /// A consistent copy of the database. Takes time on a large one: see
    /// [`with_timeout`](Self::with_timeout). Never sent twice.
    ///
    /// # Errors
    /// [`Error::Answered`] with `StorageUnavailable` when there is no room for the copy.
    ///
    /// # Examples
    /// ```no_run
    /// # use apikeyd_client::Client;
    /// # use std::time::Duration;
    /// # let client = Client::connect()?;
    /// let mut backup = client.with_timeout(Duration::from_secs(600)).backup()?;
    /// std::io::copy(&mut backup.file, &mut std::fs::File::create("apikeyd.backup")?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup(&self) -> Result<Backup, Error> {
        let (ready, descriptor) =
            self.pools.ask_for_descriptor(&asked::<operation::Backup>(&EMPTY), self.deadline())?;
        let file = descriptor.map(File::from).ok_or(ProtocolError::NoDescriptor)?;
        Ok(Backup { ready, file })
    }

    pub(crate) fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, Error> {
        self.pools.ask(request, self.deadline())
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }
}
