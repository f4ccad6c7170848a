//! The asynchronous client, for tokio.

mod connect;
mod link;
mod links;
mod refill;

use crate::backup::Backup;
use crate::cache::{Cache, CacheStatistics, KeyAlone, MaybeOperation, Miss};
use crate::deadline::Deadline;
use crate::endpoint::Endpoint;
use crate::error::{Error, ProtocolError};
use crate::presented::PresentedKey;
use crate::request::{EMPTY, Request, asked};
use crate::verdict::{Refusal, Verdict};
use apikeyd_protocol::key::{ApiKey, KeyFormatError};
use apikeyd_protocol::message::{Operation, Validate};
use apikeyd_protocol::operation;
use apikeyd_protocol::right::RightSet;
use links::Links;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// The asynchronous client: many requests in flight over one connection.
///
/// Clones are cheap and share the connection. Requests of several tasks leave together and are answered in any
/// order; a request that is dropped while it waits disturbs no other, though the daemon may still do it. A
/// request runs on the runtime of its caller; the connection is served by a task on the runtime of the request
/// that made it, and is made again if that runtime ends. After a `fork` the child, with a runtime of its own,
/// makes a connection of its own.
#[derive(Clone, Debug)]
pub struct AsyncClient {
    links: Arc<Links>,
    cache: Option<Arc<Cache>>,
    timeout: Duration,
}

impl AsyncClient {
    pub(crate) fn new(endpoint: Endpoint, timeout: Duration, cache: Option<Arc<Cache>>) -> Self {
        Self { links: Arc::new(Links::new(endpoint)), cache, timeout }
    }

    /// This client with another timeout for a whole request; the connection and the cache are shared.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// The rights of this process, as the daemon gave them when the connection was made. Connects if necessary.
    ///
    /// # Errors
    /// Everything that can go wrong in connecting.
    pub async fn rights(&self) -> Result<RightSet, Error> {
        self.links.rights(self.deadline()).await
    }

    /// Validates a key: an [`ApiKey`], or a text that may not even be one. Such a text is refused without asking the daemon.
    ///
    /// # Errors
    /// When there is no verdict: let nobody in. A refused key is a verdict, not an error.
    ///
    /// # Examples
    /// ```no_run
    /// # use apikeyd_client::{AsyncClient, Verdict};
    /// # async fn example() -> Result<(), apikeyd_client::Error> {
    /// let client = AsyncClient::connect().await?;
    /// let presented = "akd_1QwErTy0123_...";
    /// match client.validate(presented).await? {
    ///     Verdict::Valid(key) => println!("this is {}", key.user),
    ///     Verdict::Refused(_) => println!("401"),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn validate<'k>(
        &self,
        key: impl TryInto<PresentedKey<'k>, Error = KeyFormatError>,
    ) -> Result<Verdict, Error> {
        match key.try_into() {
            Ok(presented) => self.judge(presented.key(), KeyAlone).await,
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
    /// # use apikeyd_client::{AsyncClient, Operation, Refusal, Verdict};
    /// # async fn example() -> Result<(), apikeyd_client::Error> {
    /// # let client = AsyncClient::connect().await?;
    /// # let (presented, method, target) = (String::new(), "GET", "/api/7?page=2");
    /// match client.authorize(&presented, Operation::new(method, target)).await? {
    ///     Verdict::Valid(key) => println!("200, {}", key.user),
    ///     Verdict::Refused(Refusal::OperationDenied(_)) => println!("403"),
    ///     Verdict::Refused(_) => println!("401"),
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn authorize<'k>(
        &self,
        key: impl TryInto<PresentedKey<'k>, Error = KeyFormatError>,
        operation: Operation<'_>,
    ) -> Result<Verdict, Error> {
        match key.try_into() {
            Ok(presented) => self.judge(presented.key(), operation).await,
            Err(fault) => Ok(Verdict::Refused(Refusal::Malformed(fault))),
        }
    }

    /// Counters of the cache that this client and its clones share; all zero without one.
    #[must_use]
    pub fn cache_statistics(&self) -> CacheStatistics {
        self.cache.as_ref().map(|cache| cache.statistics()).unwrap_or_default()
    }

    /// Every validation passes here.
    #[inline]
    async fn judge(&self, key: &ApiKey, operation: impl MaybeOperation) -> Result<Verdict, Error> {
        match self.cache.as_ref().and_then(|cache| cache.look_up(key, &operation)) {
            Some(key) => Ok(Verdict::Valid(key)),
            None => self.ask_for_verdict(key, operation.operation().copied()).await,
        }
    }

    #[inline(never)]
    async fn ask_for_verdict(
        &self,
        key: &ApiKey,
        operation: Option<Operation<'_>>,
    ) -> Result<Verdict, Error> {
        let deadline = self.deadline();
        let has_operation = operation.is_some();
        let judged =
            self.links.ask(&Validate::new(key.id(), key.digest()).operation(operation), deadline).await?;
        if let Some(cache) = &self.cache {
            cache.missed();
            let miss = Miss { cache, key, has_operation, judged: &judged };
            refill::refill(&miss, &self.links, deadline).await;
        }
        Ok(judged.verdict)
    }

    /// A consistent copy of the database. Takes time on a large one: see
    /// [`with_timeout`](Self::with_timeout). Never sent twice.
    ///
    /// # Errors
    /// [`Error::Answered`] with `StorageUnavailable` when there is no room for the copy.
    pub async fn backup(&self) -> Result<Backup, Error> {
        let (ready, descriptor) =
            self.links.ask_for_descriptor(&asked::<operation::Backup>(&EMPTY), self.deadline()).await?;
        let file = descriptor.map(File::from).ok_or(ProtocolError::NoDescriptor)?;
        Ok(Backup { ready, file })
    }

    pub(crate) async fn ask<R: Request>(&self, request: &R) -> Result<R::Answer, Error> {
        self.links.ask(request, self.deadline()).await
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }
}
