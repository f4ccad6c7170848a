//! A fake daemon that gives replies in their order, and then no more.

use crate::bytes::{Message, frame};
use crate::fake_daemon::{FakeDaemon, Peer};
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::Welcome;
use apikeyd_protocol::message::Failure;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::{Right, RightSet};
use serde::Serialize;
use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, PoisonError};

/// What the fake does with the next request.
#[derive(Debug)]
pub struct Reply {
    /// What must be asked.
    opcode: Opcode,
    /// The body that must be asked, if it matters.
    asked: Option<Vec<u8>>,
    status: Status,
    body: Vec<u8>,
    descriptor: Option<File>,
    dies: bool,
}

impl Reply {
    /// Done.
    #[must_use]
    pub fn ok(opcode: Opcode, body: &impl Serialize) -> Self {
        Self { opcode, asked: None, status: Status::Ok, body: encoded(body), descriptor: None, dies: false }
    }

    /// Not done.
    #[must_use]
    pub fn failure(opcode: Opcode, status: Status, message: &str) -> Self {
        Self { status, ..Self::ok(opcode, &Failure { message: message.into() }) }
    }

    /// No answer: the fake ends the connection when it has the request.
    #[must_use]
    pub fn death(opcode: Opcode) -> Self {
        Self { dies: true, ..Self::ok(opcode, &()) }
    }

    /// To this very request.
    #[must_use]
    pub fn to(mut self, request: &impl Serialize) -> Self {
        self.asked = Some(encoded(request));
        self
    }

    /// With a descriptor beside the answer.
    #[must_use]
    pub fn with(mut self, file: File) -> Self {
        self.descriptor = Some(file);
        self
    }

    /// Gives it; false when the fake dies instead.
    fn give(self, peer: &mut Peer, asked: &Message) -> bool {
        assert_eq!(asked.opcode(), Some(self.opcode));
        assert_eq!(self.asked.as_ref().unwrap_or(&asked.body), &asked.body, "another {}", self.opcode);
        if self.dies {
            return false;
        }
        let bytes = frame(asked.header.opcode, self.status.code(), asked.header.request_id, &self.body);
        let descriptors: Vec<_> = self.descriptor.iter().map(File::as_fd).collect();
        peer.send_with(&bytes, &descriptors).expect("a client that is there");
        true
    }
}

/// A listening fake with the replies that it still has.
#[derive(Debug)]
pub struct Replying {
    fake: FakeDaemon,
    left: Arc<Mutex<VecDeque<Reply>>>,
}

impl Replying {
    /// Starts a fake that welcomes with every right.
    #[must_use]
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let left = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let next = Arc::clone(&left);
        let next = move || next.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let fake = FakeDaemon::start(move |_, mut peer| {
            peer.welcome_as(|hello| Welcome::accept(hello, RightSet::EMPTY.with(Right::Admin), 7));
            while let Some(asked) = peer.request() {
                let reply = next().unwrap_or_else(|| panic!("{:?} is not expected", asked.opcode()));
                if !reply.give(&mut peer, &asked) {
                    return;
                }
            }
        });
        Self { fake, left }
    }

    /// Where it listens.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        self.fake.path()
    }

    /// Ends the fake, once its client has ended; whether it was asked all that it expected, and nothing else.
    #[must_use]
    pub fn was_asked_all(mut self) -> bool {
        self.fake.end() && self.left.lock().is_ok_and(|left| left.is_empty())
    }
}

fn encoded(body: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec::encode(body, &mut bytes).expect("a body that can be encoded");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::request;
    use crate::raw_client::RawClient;
    use apikeyd_protocol::key::KeyId;
    use apikeyd_protocol::message::{Delete, Empty};

    fn expected() -> Replying {
        let key_id = KeyId::new(1).unwrap();
        Replying::start([Reply::failure(Opcode::Delete, Status::NotFound, "no key").to(&Delete::new(key_id))])
    }

    #[test]
    fn what_is_expected_must_be_asked_and_nothing_else() {
        assert!(!expected().was_asked_all(), "nobody asked");
        for (key_id, is_so) in [(1, true), (2, false)] {
            let fake = expected();
            let mut client = RawClient::greeted(fake.path());
            client.send(&request(Opcode::Delete, 1, &Delete::new(KeyId::new(key_id).unwrap())));
            assert_eq!(client.answer_or_end().is_some(), is_so);
            drop(client);
            assert_eq!(fake.was_asked_all(), is_so, "key {key_id}");
        }
        let fake = Replying::start([]);
        let mut client = RawClient::greeted(fake.path());
        client.send(&request(Opcode::Status, 1, &Empty {}));
        client.assert_closed();
        assert!(!fake.was_asked_all(), "more than expected");
    }
}
