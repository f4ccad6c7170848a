//! The floors of a socket: a bare tokio echo and a blocking one, each in a process of its own.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// Makes this binary the echo.
pub(crate) const FLAG: &str = "--echo";

/// Makes this binary the blocking echo.
pub(crate) const BLOCKING_FLAG: &str = "--blocking-echo";

/// The running echo; ended when dropped.
pub(crate) struct Echo {
    child: Child,
    socket: PathBuf,
}

impl Echo {
    pub(crate) fn start(socket: &Path) -> Self {
        let binary = std::env::current_exe().unwrap();
        let child = Command::new(binary).arg(FLAG).arg(socket).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::os::unix::net::UnixStream::connect(socket).is_err() {
            assert!(Instant::now() < deadline, "the echo does not listen");
            std::thread::yield_now();
        }
        Self { child, socket: socket.to_owned() }
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Echoes for ever.
pub(crate) fn serve(socket: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_io().build().unwrap();
    runtime.block_on(async {
        let listener = UnixListener::bind(socket).unwrap();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(buffer.get(..length).unwrap_or_default()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
}

/// Echoes for ever, one thread for each connection.
pub(crate) fn serve_blocking(socket: &Path) {
    let listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = stream.read(&mut buffer) {
                if stream.write_all(buffer.get(..length).unwrap_or_default()).is_err() {
                    break;
                }
            }
        });
    }
}
