//! A daemon without its process: connections, dispatch and service, for campaigns that speak to them over a pair
//! of sockets. Who connects is what the campaign says, so the daemon's own process has nothing to do with it.

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

/// Everything that requests are answered with.
#[derive(Debug)]
pub struct Embedded {
    daemon: Arc<Daemon>,
    config: Config,
}

impl Embedded {
    /// A daemon over a service. A reload reads what the arguments name.
    #[must_use]
    pub fn new(service: Arc<Service>, command_line: CommandLine, place: Place, config: Config) -> Self {
        let reload = Reload::new(command_line, place, config.clone());
        let unread = usize::try_from(config.limits.connections).unwrap_or(usize::MAX);
        Self { daemon: Arc::new(Daemon::new(service, reload, unread)), config }
    }

    /// Serves one connection to its end, and says why it ended. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When the runtime cannot take the socket.
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
