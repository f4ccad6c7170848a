//! Another user who tries to connect before the socket's mode is final.
//!
//! The directory is watched and polled by threads of that user, which connect to every name in it, the private one
//! that the daemon binds first included. The daemon starts under umask 000, so that only its own care closes the
//! socket. A mode of 0600 means: nobody else gets in, ever.

use super::strangers::{NOBODY, spawn_as};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long racers may take for an attempt before the campaign says that there are none.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the racers did.
#[derive(Debug, Default)]
struct Score {
    stop: AtomicBool,
    attempts: AtomicU64,
    got_in: AtomicU64,
}

/// The racing threads.
#[derive(Debug)]
pub struct Racers {
    score: Arc<Score>,
    threads: Vec<JoinHandle<()>>,
}

impl Racers {
    /// Sets them on a directory and the name that the socket will have there.
    #[must_use]
    pub fn begin(directory: &Path, name: &str) -> Self {
        let score = Arc::new(Score::default());
        let (watched, polled) = (directory.to_owned(), directory.join(name));
        let (watcher, poller) = (Arc::clone(&score), Arc::clone(&score));
        let threads = vec![
            spawn_as(NOBODY, move || watch(&watcher, &watched)),
            spawn_as(NOBODY, move || poll(&poller, &polled)),
        ];
        Self { score, threads }
    }

    /// How often they tried so far.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.score.attempts.load(Ordering::SeqCst)
    }

    /// How often they got in.
    #[must_use]
    pub fn got_in(&self) -> u64 {
        self.score.got_in.load(Ordering::SeqCst)
    }

    /// Waits until they have tried so many more times.
    pub fn wait_for_attempts(&self, more: u64) {
        let (wanted, deadline) = (self.attempts() + more, Instant::now() + PATIENCE);
        while self.attempts() < wanted {
            assert!(Instant::now() < deadline, "the racers do not race");
            thread::yield_now();
        }
    }

    /// Calls them off and gives attempts and successes.
    #[must_use]
    pub fn end(self) -> (u64, u64) {
        self.score.stop.store(true, Ordering::SeqCst);
        self.threads.into_iter().for_each(|racer| racer.join().expect("a racer"));
        (self.score.attempts.load(Ordering::SeqCst), self.score.got_in.load(Ordering::SeqCst))
    }
}

impl Score {
    fn try_in(&self, path: &Path) {
        if UnixStream::connect(path).is_ok() {
            self.got_in.fetch_add(1, Ordering::SeqCst);
        }
        self.attempts.fetch_add(1, Ordering::SeqCst);
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// Connects to the final name all the time.
fn poll(score: &Score, path: &Path) {
    while !score.is_over() {
        score.try_in(path);
        thread::yield_now();
    }
}

/// Connects to whatever appears in the directory, in the moment in which it appears.
fn watch(score: &Score, directory: &PathBuf) {
    let watching = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).expect("inotify");
    let flags = WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ATTRIB;
    inotify::add_watch(&watching, directory, flags).expect("a watch on the directory");
    let mut room = [MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(watching, &mut room);
    while !score.is_over() {
        match events.next() {
            Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {}
            Ok(event) => {
                if let Some(name) = event.file_name() {
                    let path = directory.join(OsStr::from_bytes(name.to_bytes()));
                    // More than once: the first attempt may come between bind and listen.
                    (0..20).for_each(|_| score.try_in(&path));
                }
            }
            Err(Errno::AGAIN) => thread::yield_now(),
            Err(errno) => panic!("inotify: {errno}"),
        }
    }
}
