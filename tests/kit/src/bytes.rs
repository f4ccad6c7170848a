//! The bytes of either side: requests and frames as they are sent, and what has come so far.

use apikeyd_protocol::codec;
use apikeyd_protocol::frame::{Frame, Header, Status, append_request};
use apikeyd_protocol::hello::{Hello, Welcome};
use apikeyd_protocol::message::Failure;
use apikeyd_protocol::operation::Opcode;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The most descriptors that one message may carry (`SCM_MAX_FD` of Linux).
pub const MOST_DESCRIPTORS: usize = 253;

/// The bytes of a request.
#[must_use]
pub fn request<T: Serialize>(opcode: Opcode, request_id: u64, message: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    append_request(&mut bytes, opcode, request_id, message).expect("a message that fits");
    bytes
}

/// The bytes of a frame, sensible or not, whose header states the length of the body.
#[must_use]
pub fn frame(opcode: u16, flags: u16, request_id: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a length that a header can say");
    let header = Header { length, opcode, flags_or_status: flags, request_id };
    [&header.encode()[..], body].concat()
}

/// A frame as it came: a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its header.
    pub header: Header,
    /// Its body.
    pub body: Vec<u8>,
}

impl Message {
    /// The operation that is asked for or answered, if this version knows it.
    #[must_use]
    pub const fn opcode(&self) -> Option<Opcode> {
        Opcode::from_code(self.header.opcode)
    }

    /// How the request went, of an answer.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::from_code(self.header.flags_or_status)
    }

    /// What a good answer says.
    #[must_use]
    #[track_caller]
    pub fn message<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status(), Status::Ok, "{}", String::from_utf8_lossy(&self.body));
        codec::decode(&self.body).expect("the message that was asked for")
    }

    /// What a failure says.
    #[must_use]
    #[track_caller]
    pub fn failure(&self) -> String {
        assert_ne!(self.status(), Status::Ok);
        codec::decode::<Failure>(&self.body).expect("a failure").message
    }
}

/// What has come on a connection and was not taken yet.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
}

impl Inbox {
    /// Whether everything was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes in what somebody has read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Reads once from a stream; how many bytes came, 0 at its end. An interrupted read is made again.
    ///
    /// # Errors
    /// Those of `recvmsg(2)`.
    pub fn read(&mut self, stream: impl AsFd) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut chunk)];
        let count = loop {
            match recvmsg(&stream, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                received => break received?.bytes,
            }
        };
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                self.descriptors.extend(descriptors);
            }
        }
        self.bytes.extend_from_slice(&chunk[..count]);
        Ok(count)
    }

    /// The hello, once all of it is there.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn hello(&mut self) -> io::Result<Option<Hello>> {
        let found = Hello::decode(&self.bytes).map_err(|_| ErrorKind::InvalidData)?;
        Ok(found.map(|(hello, length)| self.took(hello, length)))
    }

    /// The welcome, once all of it is there.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn welcome(&mut self) -> io::Result<Option<Welcome>> {
        let found = Welcome::decode(&self.bytes).map_err(|_| ErrorKind::InvalidData)?;
        Ok(found.map(|(welcome, length)| self.took(welcome, length)))
    }

    /// The next request or answer, once all of it is there.
    ///
    /// # Errors
    /// When the bytes are no frame.
    pub fn message(&mut self) -> io::Result<Option<Message>> {
        let found = Frame::split(&self.bytes).map_err(|_| ErrorKind::InvalidData)?;
        let found = found.map(|(Frame { header, body }, rest)| {
            (Message { header, body: body.to_vec() }, self.bytes.len() - rest.len())
        });
        Ok(found.map(|(message, length)| self.took(message, length)))
    }

    /// How many complete frames are there.
    #[must_use]
    pub fn messages_at_hand(&self) -> usize {
        let (mut count, mut bytes) = (0, self.bytes.as_slice());
        while let Some((_, rest)) = Frame::split(bytes).expect("frames") {
            (count, bytes) = (count + 1, rest);
        }
        count
    }

    /// The descriptor that came first among those that were not taken yet.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptors.pop_front()
    }

    fn took<T>(&mut self, found: T, length: usize) -> T {
        self.bytes.drain(..length);
        found
    }
}

/// Sends bytes and descriptors in one message.
///
/// # Errors
/// Those of `sendmsg(2)`; `ETOOMANYREFS` when too many of this user's descriptors are on their way (unix(7)).
pub fn send_with(stream: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let has_room = descriptors.is_empty() || ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    assert!(has_room, "room for the descriptors");
    let sent = sendmsg(stream, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    assert_eq!(sent, bytes.len(), "a stream takes that few bytes at once");
    Ok(())
}
