//! The settings of a client, of either kind.

#[cfg(feature = "tokio")]
use crate::asynchronous::AsyncClient;
use crate::blocking::Client;
use crate::cache::{Cache, DEFAULT_CACHE_ENTRIES, MAX_USE_REPORT_INTERVAL, WallClock};
use crate::endpoint::{Endpoint, default_socket};
use crate::error::Error;
use apikeyd_protocol::time::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The default timeout of a whole request, connecting included.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// A blocking client has up to this many connections by default. The daemon allows one user 64 by default, and that user
/// may run several services.
pub const DEFAULT_CONNECTIONS: usize = 16;

/// Settings for a client, and its constructors.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    socket: Option<PathBuf>,
    timeout: Option<Duration>,
    connections: Option<usize>,
    server_uid: Option<u32>,
    without_cache: bool,
    cache_entries: Option<usize>,
    use_report_interval: Option<Duration>,
    wall_clock: WallClock,
}

impl Builder {
    /// The daemon's socket, instead of [`default_socket`].
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket = Some(path.into());
        self
    }

    /// Timeout of a whole request: waiting for a connection, connecting, sending and the answer.
    /// Default: [`DEFAULT_TIMEOUT`].
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Up to this many connections of a blocking client, at least 1: this many threads are served at once, further
    /// ones wait. Default: [`DEFAULT_CONNECTIONS`]. The asynchronous client needs one and ignores this.
    pub const fn connections(mut self, limit: usize) -> Self {
        self.connections = Some(limit);
        self
    }

    /// Accepts only a server that runs as this uid, as the kernel reports it. By default the server must be root, this
    /// process's own user, the owner of the socket's directory if nobody else may write there, or anybody if that
    /// directory is root's and nobody else may write there.
    pub const fn require_server_uid(mut self, uid: u32) -> Self {
        self.server_uid = Some(uid);
        self
    }

    /// Whether verdicts are cached; default: yes. A key that was found valid is accepted without asking the daemon, as long
    /// as the daemon's revocation page says that the verdict is fresh: never after the answer to the key's revocation. A
    /// program that validates once does better without.
    pub const fn cache(mut self, cache: bool) -> Self {
        self.without_cache = !cache;
        self
    }

    /// The cache holds up to this many keys, rounded up to a power of two. Memory: 16 bytes for each slot, and about 200
    /// more, and the bytes of long names, for each key in the cache. Default: [`DEFAULT_CACHE_ENTRIES`].
    pub const fn cache_entries(mut self, entries: usize) -> Self {
        self.cache_entries = Some(entries);
        self
    }

    /// Time from a validation that the cache answered to its report to the daemon, which shows it as the key's last use.
    /// At most [`MAX_USE_REPORT_INTERVAL`], which is the default, and at least [`MIN_USE_REPORT_INTERVAL`](crate::MIN_USE_REPORT_INTERVAL); what is
    /// beyond a bound counts as the bound. The last client that shares a cache reports what is left when it is
    /// dropped, on a thread that it does not wait for. A process that ends before that, or is killed, loses at most the
    /// uses of one interval.
    pub const fn use_report_interval(mut self, interval: Duration) -> Self {
        self.use_report_interval = Some(interval);
        self
    }

    /// The wall clock by which cached keys expire: called from any thread, in each validation of a cached key that has an
    /// expiry. Default: the kernel's coarse clock. For tests that jump in time: with a clock that is behind, the cache accepts
    /// keys past their expiry.
    pub fn wall_clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.wall_clock = WallClock::Given(Arc::new(now));
        self
    }

    /// A blocking client. Does no IO: the first request connects, and fails if that fails.
    ///
    /// # Errors
    /// [`Error::SocketPath`] when the path cannot name a socket.
    pub fn build(self) -> Result<Client, Error> {
        let connections = self.connections.unwrap_or(DEFAULT_CONNECTIONS).max(1);
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let cache = self.cache_for()?;
        Ok(Client::new(self.endpoint()?, timeout, connections, cache))
    }

    /// A blocking client that has connected.
    ///
    /// # Errors
    /// As [`build`](Self::build), and everything that can go wrong in connecting.
    pub fn connect(self) -> Result<Client, Error> {
        let client = self.build()?;
        client.rights()?;
        Ok(client)
    }

    /// An asynchronous client. Does no IO: the first request connects, and fails if that fails.
    ///
    /// # Errors
    /// [`Error::SocketPath`] when the path cannot name a socket.
    #[cfg(feature = "tokio")]
    pub fn build_async(self) -> Result<AsyncClient, Error> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let cache = self.cache_for()?;
        Ok(AsyncClient::new(self.endpoint()?, timeout, cache))
    }

    /// An asynchronous client that has connected.
    ///
    /// # Errors
    /// As [`build_async`](Self::build_async), and everything that can go wrong in connecting.
    #[cfg(feature = "tokio")]
    pub async fn connect_async(self) -> Result<AsyncClient, Error> {
        let client = self.build_async()?;
        client.rights().await?;
        Ok(client)
    }

    fn cache_for(&self) -> Result<Option<Arc<Cache>>, Error> {
        if self.without_cache {
            return Ok(None);
        }
        let entries = self.cache_entries.unwrap_or(DEFAULT_CACHE_ENTRIES);
        let interval = self.use_report_interval.unwrap_or(MAX_USE_REPORT_INTERVAL);
        Ok(Cache::new(entries, self.endpoint()?, interval, self.wall_clock.clone()).map(Arc::new))
    }

    fn endpoint(&self) -> Result<Endpoint, Error> {
        Endpoint::new(self.socket.clone().unwrap_or_else(default_socket), self.server_uid)
    }
}

impl Client {
    /// A client of the daemon at [`default_socket`](crate::default_socket), connected.
    ///
    /// # Errors
    /// Everything that can go wrong in connecting; [`Error::Unreachable`] when no daemon listens.
    pub fn connect() -> Result<Self, Error> {
        Self::builder().connect()
    }

    /// Settings for a client, at their defaults.
    ///
    /// # Examples
    /// ```no_run
    /// # use apikeyd_client::Client;
    /// # use std::time::Duration;
    /// let client = Client::builder().socket("/run/apikeyd/apikeyd.sock").timeout(Duration::from_secs(1)).connect()?;
    /// # Ok::<(), apikeyd_client::Error>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }
}

#[cfg(feature = "tokio")]
impl AsyncClient {
    /// A client of the daemon at [`default_socket`](crate::default_socket), connected.
    ///
    /// # Errors
    /// Everything that can go wrong in connecting; [`Error::Unreachable`] when no daemon listens.
    pub async fn connect() -> Result<Self, Error> {
        Self::builder().connect_async().await
    }

    /// Settings for a client, at their defaults; see [`Builder::build_async`] and [`Builder::connect_async`].
    pub fn builder() -> Builder {
        Builder::default()
    }
}
