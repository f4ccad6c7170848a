use super::*;
use crate::operations::dispatch::descriptors::{Kind, Unread};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::fs::File;
use std::io::IoSliceMut;
use std::os::unix::fs::MetadataExt as _;

/// What one `recvmsg` returns: bytes and the inodes of the descriptors that came with them.
fn receive(socket: &UnixStream) -> (Vec<u8>, Vec<u64>) {
    let mut bytes = vec![0; 1024 * 1024];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let count = recvmsg(socket, &mut parts, &mut ancillary, RecvFlags::DONTWAIT).map_or(0, |got| got.bytes);
    let mut inodes = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            inodes.extend(descriptors.map(|descriptor| File::from(descriptor).metadata().unwrap().ino()));
        }
    }
    bytes.truncate(count);
    (bytes, inodes)
}

fn pair() -> (Arc<UnixStream>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    (Arc::new(near), far)
}

fn enclosed(file: File, is_recorded: bool) -> Option<Enclosed> {
    let reservation = Unread::new(10).reserve(1, Kind::Page).unwrap();
    Some(Enclosed { descriptor: file.into(), reservation, is_recorded })
}

/// An answer as it is on the wire, with the given body.
fn frame(request_id: u64, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    let header = Header { length, opcode: 49, flags_or_status: 0, request_id };
    [&header.encode()[..], body].concat()
}

#[tokio::test]
async fn a_descriptor_travels_with_its_own_frame() {
    let (near, far) = pair();
    let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
    let inodes = [&files[0], &files[1]].map(|file| file.metadata().unwrap().ino());
    let [first, second] = files;
    let mut outbox = Outbox::new();
    outbox.append(b"plain", None);
    outbox.append(b"first", enclosed(first, false));
    outbox.append(b"between", None);
    outbox.append(b"second", enclosed(second, false));
    near.writable().await.unwrap();
    assert_eq!(outbox.write(&near).unwrap(), Written::All);
    // A read ends at the end of the piece that a descriptor came with.
    assert_eq!(receive(&far), (b"plainfirstbetween".to_vec(), vec![inodes[0]]));
    assert_eq!(receive(&far), (b"second".to_vec(), vec![inodes[1]]));
}

#[tokio::test]
async fn an_answer_is_held_back_behind_its_descriptor_until_it_is_released() {
    let (near, far) = pair();
    let file = tempfile::tempfile().unwrap();
    let inode = file.metadata().unwrap().ino();
    near.writable().await.unwrap();
    let mut outbox = Outbox::new();
    outbox.append(b"plain", None);
    outbox.append(&frame(1, b"copy"), enclosed(file, true));
    outbox.append(b"behind", None);
    assert_eq!(outbox.write(&near).unwrap(), Written::UntilHeld);
    assert!(!outbox.may_write());
    let (bytes, inodes) = receive(&far);
    assert_eq!((bytes.len(), inodes), (b"plain".len() + 1, vec![inode]), "the descriptor and one byte");
    assert_eq!(outbox.write(&near).unwrap(), Written::UntilHeld, "however often it is tried");
    outbox.release();
    assert_eq!(outbox.write(&near).unwrap(), Written::All);
    assert_eq!(receive(&far).0, [&frame(1, b"copy")[1..], b"behind"].concat());
}

#[tokio::test]
async fn a_descriptor_that_cannot_be_sent_is_a_refusal_and_what_is_behind_it_comes() {
    let (near, far) = pair();
    let files = [tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap()];
    let inode = files[1].metadata().unwrap().ino();
    let [first, second] = files;
    near.writable().await.unwrap();
    let mut outbox = Outbox::new();
    outbox.append(&frame(1, b"page"), enclosed(first, true));
    outbox.append(b"between", None);
    outbox.append(&frame(2, b"page"), enclosed(second, false));
    outbox.append(b"last", None);
    outbox.answer_busy();
    assert_eq!(outbox.write(&near).unwrap(), Written::All);
    let (bytes, inodes) = receive(&far);
    assert_eq!(inodes, [inode], "the other one");
    let (refusal, rest) = apikeyd_protocol::frame::Frame::split(&bytes).unwrap().unwrap();
    assert_eq!((refusal.header.request_id, refusal.header.opcode), (1, 49));
    assert_eq!(Status::from_code(refusal.header.flags_or_status), Status::Busy);
    assert_eq!(rest, [b"between", &frame(2, b"page")[..], b"last"].concat());
}

#[test]
fn what_ends_a_connection_is_told_from_what_keeps_a_descriptor_back() {
    use rustix::io::Errno;
    let is_of_the_connection = |errno: Errno| is_of_the_connection(io::Error::from(errno).kind());
    for errno in [Errno::PIPE, Errno::CONNRESET, Errno::NOTCONN, Errno::AGAIN, Errno::INTR] {
        assert!(is_of_the_connection(errno), "{errno}");
    }
    for errno in [Errno::TOOMANYREFS, Errno::NOMEM, Errno::NOBUFS, Errno::MFILE, Errno::NFILE, Errno::PERM] {
        assert!(!is_of_the_connection(errno), "{errno}");
    }
}

#[tokio::test]
async fn what_the_socket_does_not_take_waits_in_order() {
    let (near, far) = pair();
    near.writable().await.unwrap();
    let mut outbox = Outbox::new();
    let pieces: Vec<Vec<u8>> = (0..40).map(|byte| vec![byte; 20_000]).collect();
    pieces.iter().for_each(|piece| outbox.append(piece, None));
    assert!(!outbox.has_room());
    let mut received = Vec::new();
    while outbox.write(&near).unwrap() == Written::Some {
        received.extend(receive(&far).0);
        near.writable().await.unwrap();
    }
    received.extend(receive(&far).0);
    assert_eq!(received, pieces.concat());
    assert!(outbox.is_empty() && outbox.has_room());
    assert_eq!(outbox.buffer.capacity(), USUAL, "the room of a burst is given back");
}

#[tokio::test]
async fn the_other_ends_absence_is_an_error() {
    let (near, far) = pair();
    near.writable().await.unwrap();
    drop(far);
    let mut outbox = Outbox::new();
    outbox.append(b"anybody?", None);
    assert_eq!(outbox.write(&near).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
