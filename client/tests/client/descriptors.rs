//! Descriptors that come with answers.

use crate::asker::both;
use apikeyd_client::{AuditHead, BackupReady, Error, ProtocolError, Status};
use apikeyd_kit::answers::{answer, answer_well};
use apikeyd_kit::bytes::Message;
use apikeyd_kit::fake_daemon::{FakeDaemon, Peer};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

fn ready(asked: &Message) -> Vec<u8> {
    let body = BackupReady { bytes: 7, head: AuditHead { revision: 1, mac: [2; 32] } };
    answer(asked, Status::Ok, &body)
}

fn copy() -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"content").unwrap();
    file.rewind().unwrap();
    file
}

/// A fake that keeps a pipe's reading end for the test, for each descriptor that it gives away.
fn with_pipes(
    script: impl Fn(Peer, &Sender<OwnedFd>) + Send + Sync + 'static,
) -> (FakeDaemon, Receiver<OwnedFd>) {
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let fake = FakeDaemon::start(move |_, mut peer| {
        peer.welcome();
        let sender = sender.lock().unwrap().clone();
        script(peer, &sender);
    });
    (fake, receiver)
}

/// Waits until all writing ends are closed, which one that leaked would never be. Not at once: a child that
/// another test forks holds copies of all descriptors while it lives.
fn assert_closed(read_end: &OwnedFd) {
    let mut ends = [PollFd::new(read_end, PollFlags::empty())];
    let patience = Timespec { tv_sec: 20, tv_nsec: 0 };
    assert_eq!(poll(&mut ends, Some(&patience)), Ok(1), "a descriptor leaked");
    assert!(ends[0].revents().contains(PollFlags::HUP));
}

#[test]
fn a_backup_comes_with_its_file() {
    let fake = FakeDaemon::welcoming(|peer| {
        let asked = peer.request().unwrap();
        peer.send_with(&ready(&asked), &[copy().as_fd()]).unwrap();
    });
    for asker in both(fake.path()) {
        let mut backup = asker.backup().unwrap();
        let mut content = String::new();
        backup.file.read_to_string(&mut content).unwrap();
        assert_eq!((content.as_str(), backup.ready.bytes), ("content", 7));
        let flags = rustix::io::fcntl_getfd(&backup.file).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
}

#[test]
fn a_backup_without_its_file_is_an_error() {
    let fake = FakeDaemon::welcoming(|peer| {
        peer.reply(ready);
    });
    for asker in both(fake.path()) {
        assert!(matches!(asker.backup(), Err(Error::Protocol(ProtocolError::NoDescriptor))));
    }
}

#[test]
fn more_descriptors_than_one_are_closed() {
    let (fake, pipes) = with_pipes(|mut peer, pipes| {
        let asked = peer.request().unwrap();
        let (read_end, write_end) = rustix::pipe::pipe().unwrap();
        let surplus = [write_end.as_fd(); 3];
        let copy = copy();
        peer.send_with(&ready(&asked), &[&[copy.as_fd()], surplus.as_slice()].concat()).unwrap();
        pipes.send(read_end).unwrap();
        drop(write_end);
        peer.wait_for_end();
    });
    for asker in both(fake.path()) {
        let mut backup = asker.backup().unwrap();
        let mut content = String::new();
        backup.file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "content", "the first one was kept");
        assert_closed(&pipes.recv().unwrap());
    }
}

#[test]
fn descriptors_where_none_belong_are_closed() {
    let (fake, pipes) = with_pipes(|mut peer, pipes| {
        while let Some(asked) = peer.request() {
            let (read_end, write_end) = rustix::pipe::pipe().unwrap();
            peer.send_with(&answer_well(&asked, "u"), &[write_end.as_fd(); 2]).unwrap();
            drop(write_end);
            pipes.send(read_end).unwrap();
        }
    });
    for asker in both(fake.path()) {
        for _ in 0..3 {
            assert_eq!(asker.user(), "u");
            assert_closed(&pipes.recv().unwrap());
        }
    }
}

/// The kernel ends a read behind each of these answers, and tells once that there is something to read.
#[cfg(feature = "tokio")]
#[test]
fn answers_that_each_come_with_a_descriptor_all_arrive() {
    let fake = FakeDaemon::welcoming(|peer| {
        let asked: Vec<_> = (0..16).map(|_| peer.request().unwrap()).collect();
        let (_read_end, write_end) = rustix::pipe::pipe().unwrap();
        asked
            .iter()
            .for_each(|asked| peer.send_with(&answer_well(asked, "u"), &[write_end.as_fd()]).unwrap());
    });
    let client = apikeyd_client::Client::builder().socket(fake.path()).cache(false).build_async().unwrap();
    crate::asker::runtime().block_on(async {
        let ask = |number| {
            let client = client.clone();
            tokio::spawn(async move { client.validate(&apikeyd_kit::answers::key(number)).await })
        };
        for asking in (1..=16).map(ask).collect::<Vec<_>>() {
            assert!(asking.await.unwrap().unwrap().valid().is_some());
        }
    });
}
