//! A socket that listens, wherever it came from.

use super::bind::{BoundName, bind};
use super::inherited;
use crate::config::Socket;
use crate::exit::Failure;
use apikeyd_keystore::parts::Randomness;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// A socket that listens, and its name.
#[derive(Debug)]
pub struct Listening {
    /// The socket.
    pub socket: OwnedFd,
    /// Where clients find it; the daemon itself asks there whether it is alive.
    pub path: PathBuf,
    /// The name, when it is the daemon's to remove. That of an inherited socket is the service manager's.
    pub own_name: Option<BoundName>,
}

/// Takes the sockets that the service manager handed over, or binds the configured one.
///
/// To be called once, before anything else opens descriptors.
///
/// # Errors
/// [`Failure`] when a socket was handed over that cannot be used.
pub fn inherit() -> Result<Vec<Listening>, Failure> {
    inherited::take().map(|sockets| {
        let listening = |(socket, path)| Listening { socket, path, own_name: None };
        sockets.into_iter().map(listening).collect()
    })
}

/// Binds the configured socket.
///
/// # Errors
/// [`Failure`] with what is in the way and what to do.
pub fn bind_configured(socket: &Socket, randomness: &Randomness) -> Result<Listening, Failure> {
    let (fd, name) =
        bind(socket, randomness).map_err(|error| Failure::new(error.exit(), error.to_string()))?;
    Ok(Listening { socket: fd, path: socket.path.clone(), own_name: Some(name) })
}
