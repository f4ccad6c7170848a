//! A daemon that follows a script for each connection.

use apikeyd_client::{ApiKey, Generated, KeyId, Right, RightSet, Status, Timestamp, UserRevoked};
use apikeyd_protocol::frame::{Frame, append_answer};
use apikeyd_protocol::hello::{Hello, Welcome};
use apikeyd_protocol::key::KeyPrefix;
use apikeyd_protocol::message::Freshness;
use apikeyd_protocol::message::{Failure, Refusal, ValidKey, Verdict};
use apikeyd_protocol::operation::Opcode;
use serde::Serialize;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// A running fake. Dropped, it stops listening, waits for its connections' scripts, and fails the test if one
/// of them failed.
pub(crate) struct Fake {
    listener: UnixListener,
    path: PathBuf,
    accepted: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Vec<JoinHandle<()>>>>,
    _dir: Option<TempDir>,
}

/// The fake's end of one connection.
pub(crate) struct Peer {
    pub(crate) stream: UnixStream,
    unread: Vec<u8>,
}

/// A request as it came.
pub(crate) struct Asked {
    pub(crate) opcode: u16,
    pub(crate) id: u64,
    pub(crate) body: Vec<u8>,
}

impl Fake {
    /// Runs `script` with the number of each connection, from 0, in a thread of its own.
    pub(crate) fn start(script: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut fake = Self::start_at(&dir.path().join("fake.sock"), script);
        fake._dir = Some(dir);
        fake
    }

    /// The same at a path where nothing is.
    pub(crate) fn start_at(path: &Path, script: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let (incoming, script) = (listener.try_clone().unwrap(), Arc::new(script));
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

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_file(&self.path);
        rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).unwrap();
        if thread::panicking() {
            return;
        }
        for connection in self.thread.take().unwrap().join().unwrap() {
            connection.join().expect("a script failed; its message is above");
        }
    }
}

impl Peer {
    /// The fake's end of an accepted connection.
    pub(crate) const fn new(stream: UnixStream) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// Reads the hello and accepts it.
    pub(crate) fn welcome(&mut self) {
        self.welcome_as(|hello| Welcome::accept(hello, RightSet::EMPTY.with(Right::Validate), 1));
    }

    /// Reads the hello and sends what `answer` makes of it.
    pub(crate) fn welcome_as(&mut self, answer: impl FnOnce(&Hello) -> Welcome) {
        let hello = self.hello();
        self.send(&answer(&hello).encode());
    }

    /// Reads the hello.
    pub(crate) fn hello(&mut self) -> Hello {
        loop {
            if let Some((hello, length)) = Hello::decode(&self.unread).unwrap() {
                self.unread.drain(..length);
                return hello;
            }
            assert!(self.read() > 0, "the client left before its hello");
        }
    }

    /// The next request; `None` when the client has left.
    pub(crate) fn request(&mut self) -> Option<Asked> {
        loop {
            if let Some((frame, _)) = Frame::split(&self.unread).unwrap() {
                let asked = Asked {
                    opcode: frame.header.opcode,
                    id: frame.header.request_id,
                    body: frame.body.to_vec(),
                };
                let length = apikeyd_protocol::frame::HEADER_BYTES + asked.body.len();
                self.unread.drain(..length);
                return Some(asked);
            }
            if self.read() == 0 {
                return None;
            }
        }
    }

    /// Reads once; how many bytes came.
    pub(crate) fn read(&mut self) -> usize {
        let mut some = [0; 65536];
        // A client that leaves with an answer unread resets the connection.
        let count = self.stream.read(&mut some).unwrap_or(0);
        self.unread.extend_from_slice(&some[..count]);
        count
    }

    /// Complete requests that have been read and not yet taken.
    #[cfg(feature = "tokio")]
    pub(crate) fn requests_at_hand(&self) -> usize {
        let (mut count, mut bytes) = (0, self.unread.as_slice());
        while let Some((_, rest)) = Frame::split(bytes).unwrap() {
            (count, bytes) = (count + 1, rest);
        }
        count
    }

    /// Sends bytes. A client that has left is no failure of the fake.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes);
    }

    /// Answers every request with `answer_well` until the client leaves.
    pub(crate) fn serve(&mut self, user: &str) {
        while let Some(asked) = self.request() {
            self.send(&answer_well(&asked, user));
        }
    }

    /// Waits until the client has left.
    pub(crate) fn wait_for_end(&mut self) {
        while self.read() > 0 {}
    }
}

/// The key that the tests ask about; `number` from 1.
pub(crate) fn key(number: u64) -> ApiKey {
    // The digits of the id are drawn one by one below 62 from bytes; whatever it is, each number has another.
    let fill = |bytes: &mut [u8]| {
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from((number >> (place % 4 * 5)) & 31).unwrap();
        }
        Ok::<(), std::convert::Infallible>(())
    };
    ApiKey::generate(&KeyPrefix::default(), fill).unwrap()
}

/// A key with the id of another one and another secret.
pub(crate) fn forged(key: &ApiKey) -> ApiKey {
    let id = key.id();
    let fill = |bytes: &mut [u8]| {
        match bytes.len() {
            8 => bytes.copy_from_slice(&(id.get() << 4).to_le_bytes()),
            _ => bytes.fill(61),
        }
        Ok::<(), std::convert::Infallible>(())
    };
    let forged = ApiKey::generate(&KeyPrefix::default(), fill).unwrap();
    assert!(forged.id() == id && forged.expose() != key.expose());
    forged
}

/// The frame of an answer.
pub(crate) fn answer<T: Serialize>(asked: &Asked, status: Status, message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    append_answer(&mut bytes, asked.opcode, status, asked.id, message).unwrap();
    bytes
}

/// The frame of a failure.
pub(crate) fn failure(asked: &Asked, status: Status, message: &str) -> Vec<u8> {
    answer(asked, status, &Failure { message: message.into() })
}

/// A plausible answer to the requests that these tests make. A valid key belongs to `user`.
pub(crate) fn answer_well(asked: &Asked, user: &str) -> Vec<u8> {
    let opcode = Opcode::from_code(asked.opcode);
    match opcode {
        Some(Opcode::Validate) => {
            let request: apikeyd_protocol::message::Validate<'_> =
                apikeyd_protocol::codec::decode(&asked.body).unwrap();
            answer(asked, Status::Ok, &valid(user, request.key_id))
        }
        Some(Opcode::Generate) => {
            let key = key(9);
            let answer_body = Generated { key_id: key.id(), key, draft_expires_at: Timestamp::default() };
            answer(asked, Status::Ok, &answer_body)
        }
        Some(Opcode::DeleteUser) => answer(asked, Status::Ok, &UserRevoked::default()),
        _ => panic!("no answer to {opcode:?} is scripted"),
    }
}

/// A key that is good.
pub(crate) fn valid(user: &str, key_id: KeyId) -> Verdict<'_> {
    Verdict::Valid(ValidKey { user, key_id, label: None, expires_at: None, freshness: Freshness::default() })
}

/// A key that is not.
pub(crate) const INVALID: Verdict<'static> = Verdict::Refused(Refusal::Invalid);
