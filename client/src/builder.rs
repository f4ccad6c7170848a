//! The settings of a client, the same for both kinds.

use crate::blocking::Client;
use crate::cache::{Cache, DEFAULT_CACHE_ENTRIES, MAX_USE_REPORT_INTERVAL, WallClock};
use crate::endpoint::{Endpoint, default_socket};
use crate::error::Error;
use apikeyd_protocol::time::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Time for a whole request, connecting included, unless the builder or the call says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that a blocking client holds at the most, unless the builder says otherwise. The daemon
/// allows 64 to one user by default, and that user may run several services.
pub const DEFAULT_CONNECTIONS: usize = 16;

/// Makes a client.
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

    /// Time for a whole request: waiting for a connection, connecting, sending and the answer.
    /// Default: [`DEFAULT_TIMEOUT`].
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Connections of a blocking client at the most, 1 or more: so many threads are served at once, further
    /// ones wait. Default: [`DEFAULT_CONNECTIONS`]. The asynchronous client needs one and ignores this.
    pub const fn connections(mut self, limit: usize) -> Self {
        self.connections = Some(limit);
        self
    }

    /// Accepts no server but one of this uid, as the kernel gives it. Without this the server must be root,
    /// this process's own user, the owner of the socket's directory if nobody else may write there, or
    /// anybody if that directory is root's and nobody else may write there.
    pub const fn require_server_uid(mut self, uid: u32) -> Self {
        self.server_uid = Some(uid);
        self
    }

    /// Whether verdicts are used again, default yes: a key that was found good is accepted without asking, as long
    /// as the daemon's revocation page says that the verdict stands. It never accepts a key after the answer to
    /// its revocation. A program that asks once does better without.
    pub const fn cache(mut self, cache: bool) -> Self {
        self.without_cache = !cache;
        self
    }

    /// Keys that are kept at the most, rounded up to a power of two: 16 bytes of memory for each place, and about
    /// 200 more, and the bytes of long names, for each key in it. Default: [`DEFAULT_CACHE_ENTRIES`].
    pub const fn cache_entries(mut self, entries: usize) -> Self {
        self.cache_entries = Some(entries);
        self
    }

    /// Time from a use that the cache answered to its report to the daemon, which shows it as the key's last use.
    /// At most [`MAX_USE_REPORT_INTERVAL`], which is the default, and at least [`MIN_USE_REPORT_INTERVAL`](crate::MIN_USE_REPORT_INTERVAL); what is
    /// beyond a bound counts as the bound. The last client that shares a cache reports what is left when it is
    /// dropped, on a thread that it does not wait for. A process that ends before that, or is killed, loses the uses
    /// of one interval at the most.
    pub const fn use_report_interval(mut self, interval: Duration) -> Self {
        self.use_report_interval = Some(interval);
        self
    }

    /// The wall clock that the cache holds the expiry of a key against, called in each validation of a key that it holds
    /// and that expires, from any thread. Default: the kernel's coarse one. A clock that is behind has a key that the
    /// cache holds accepted past its expiry: for tests that jump in time.
    pub fn wall_clock(mut self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.wall_clock = WallClock::Given(Arc::new(now));
        self
    }

    /// A blocking client. Does no IO: the first request connects, and tells if that fails.
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

    /// An asynchronous client. Does no IO: the first request connects, and tells if that fails.
    ///
    /// # Errors
    /// [`Error::SocketPath`] when the path cannot name a socket.
    #[cfg(feature = "tokio")]
    pub fn build_async(self) -> Result<crate::asynchronous::AsyncClient, Error> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let cache = self.cache_for()?;
        Ok(crate::asynchronous::AsyncClient::new(self.endpoint()?, timeout, cache))
    }

    /// An asynchronous client that has connected.
    ///
    /// # Errors
    /// As [`build_async`](Self::build_async), and everything that can go wrong in connecting.
    #[cfg(feature = "tokio")]
    pub async fn connect_async(self) -> Result<crate::asynchronous::AsyncClient, Error> {
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
