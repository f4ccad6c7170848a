//! A fake daemon that follows a script for each connection: for tests of clients.
//!
//! A test in Rust gives the script as a closure, or as a list of [replies](crate::replies). For clients in other languages
//! `cargo run -p apikeyd-kit --example fake-daemon` serves a script of [lines](crate::script).

use crate::answers::answer_well;
use crate::bytes::{Inbox, Message, send_with};
use apikeyd_protocol::hello::{Hello, Welcome};
use apikeyd_protocol::right::{Right, RightSet};
use rustix::io::Errno;
use std::io::Write as _;
use std::os::fd::BorrowedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// A running fake. Dropped, it stops listening, waits for its connections' scripts, and fails the test if one
/// of them failed.
#[derive(Debug)]
pub struct FakeDaemon {
    listener: UnixListener,
    path: PathBuf,
    accepted: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Vec<JoinHandle<()>>>>,
    _dir: Option<TempDir>,
}

/// The fake's end of one connection.
#[derive(Debug)]
pub struct Peer {
    /// The socket.
    pub stream: UnixStream,
    inbox: Inbox,
}

impl FakeDaemon {
    /// Runs `script` with the number of each connection, from 0, in a thread of its own.
    #[must_use]
    pub fn start(script: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut fake = Self::start_at(&dir.path().join("fake.sock"), script);
        fake._dir = Some(dir);
        fake
    }

    /// Welcomes each client, runs `script`, and then waits until the client has left.
    #[must_use]
    pub fn welcoming(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Self {
        Self::start(move |_, mut peer| {
            peer.welcome();
            script(&mut peer);
            peer.wait_for_end();
        })
    }

    /// The same as [`start`](Self::start) at a path where nothing is.
    #[must_use]
    pub fn start_at(path: &Path, script: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(path).expect("a socket to listen at");
        let (incoming, script) = (listener.try_clone().expect("a second descriptor"), Arc::new(script));
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let accept = move || {
            let mut connections = Vec::new();
            // Fails when the listener is shut down.
            while let Ok((stream, _)) = incoming.accept() {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                let (script, peer) = (Arc::clone(&script), Peer::new(stream));
                connections.push(thread::spawn(move || script(number, peer)));
            }
            connections
        };
        Self { listener, path: path.into(), accepted, thread: Some(thread::spawn(accept)), _dir: None }
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Stops listening, waits for the scripts, and gives whether all of them came to their end.
    pub fn end(&mut self) -> bool {
        let Some(thread) = self.thread.take() else { return true };
        let _gone_already = std::fs::remove_file(&self.path);
        rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).expect("a listener");
        let connections = thread.join().expect("a loop that accepts");
        let failed = connections.into_iter().filter_map(|script| script.join().err()).count();
        failed == 0
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        if thread::panicking() {
            // A client of the failed test may hold its connections still.
            let _gone_already = std::fs::remove_file(&self.path);
            let _gone_already = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
        } else {
            assert!(self.end(), "a script failed; its message is above");
        }
    }
}

impl Peer {
    /// The fake's end of an accepted connection.
    #[must_use]
    pub fn new(stream: UnixStream) -> Self {
        Self { stream, inbox: Inbox::default() }
    }

    /// Reads the hello and accepts it, with the right to validate.
    pub fn welcome(&mut self) {
        self.welcome_as(|hello| Welcome::accept(hello, RightSet::EMPTY.with(Right::Validate), 1));
    }

    /// Reads the hello and sends what `answer` makes of it.
    pub fn welcome_as(&mut self, answer: impl FnOnce(&Hello) -> Welcome) {
        let hello = self.hello();
        self.send(&answer(&hello).encode());
    }

    /// Reads the hello.
    pub fn hello(&mut self) -> Hello {
        loop {
            if let Some(hello) = self.inbox.hello().expect("a hello") {
                return hello;
            }
            assert!(self.read() > 0, "the client left before its hello");
        }
    }

    /// The next request; `None` when the client has left.
    pub fn request(&mut self) -> Option<Message> {
        loop {
            if let Some(asked) = self.inbox.message().expect("a frame") {
                return Some(asked);
            }
            if self.read() == 0 {
                return None;
            }
        }
    }

    /// Sends what `answer` makes of the next request, which must come.
    #[track_caller]
    pub fn reply(&mut self, answer: impl FnOnce(&Message) -> Vec<u8>) {
        let asked = self.request().expect("a request");
        self.send(&answer(&asked));
    }

    /// Reads once; how many bytes came.
    pub fn read(&mut self) -> usize {
        // A client that leaves with an answer unread resets the connection.
        self.inbox.read(&self.stream).unwrap_or(0)
    }

    /// Complete requests that have been read and not yet taken.
    #[must_use]
    pub fn requests_at_hand(&self) -> usize {
        self.inbox.messages_at_hand()
    }

    /// Sends bytes. A client that has left is no failure of the fake.
    pub fn send(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes);
    }

    /// Sends bytes and descriptors in one message.
    ///
    /// # Errors
    /// Those of `sendmsg(2)`.
    pub fn send_with(&self, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
        send_with(&self.stream, bytes, descriptors)
    }

    /// Answers every request with [`answer_well`] until the client leaves.
    pub fn serve(&mut self, user: &str) {
        while let Some(asked) = self.request() {
            self.send(&answer_well(&asked, user));
        }
    }

    /// Waits until the client has left.
    pub fn wait_for_end(&mut self) {
        while self.read() > 0 {}
    }
}
