//! A daemon without its process: connections, dispatch and service, for campaigns that talk to them over a pair
//! of sockets. The campaign says who the caller is, so the daemon's own process does not matter.

use crate::config::{CommandLine, Config, Place};
use crate::front::connection::Connection;
use crate::operations::Service;
use crate::operations::dispatch::daemon::Daemon;
use crate::operations::reload::Reload;
use crate::peer::Peer;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use tokio::sync::watch;

/// Everything needed to answer requests.
#[derive(Debug)]
pub struct Embedded {
    daemon: Arc<Daemon>,
    config: Config,
}

impl Embedded {
    /// A daemon for a service. A reload reads the files that the arguments name.
    #[must_use]
    pub fn new(service: Arc<Service>, command_line: CommandLine, place: Place, config: Config) -> Self {
        let reload = Reload::new(command_line, place, config.clone());
        let unread = usize::try_from(config.limits.connections).unwrap_or(usize::MAX);
        Self { daemon: Arc::new(Daemon::new(service, reload, unread)), config }
    }

    /// Serves one connection to its end, and returns why it ended. Call it within a tokio runtime.
    ///
    /// # Errors
    /// If the runtime cannot take the socket.
    pub async fn serve(
        &self,
        socket: UnixStream,
        peer: Peer,
        drain: watch::Receiver<bool>,
    ) -> io::Result<String> {
        socket.set_nonblocking(true)?;
        let socket = tokio::net::UnixStream::from_std(socket)?;
        let daemon = Arc::clone(&self.daemon);
        let connection = Connection::new(socket, Arc::new(peer), daemon, self.config.limits.idle);
        Ok(connection.serve(drain).await.to_string())
    }
}
