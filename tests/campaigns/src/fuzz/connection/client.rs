//! The caller's end of the connection.

use super::model::Model;
use super::script::{self, Step};
use crate::fuzz::input::Input;
use apikeyd_kit::bytes::Inbox;
use apikeyd_protocol::hello::WelcomeCode;
use core::cell::RefCell;
use std::os::unix::net::UnixStream as Socket;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;

/// Sends the script while answers are read, so that neither side waits for the other, then reads to the end.
pub(super) async fn speak(socket: Socket, input: Input<'_>, model: &mut Model) {
    socket.set_nonblocking(true).unwrap();
    let (reader, writer) = UnixStream::from_std(socket).unwrap().into_split();
    let shared = Shared { model: RefCell::new(model), changed: Notify::new() };
    tokio::join!(listen(reader, &shared), send(writer, input, &shared));
}

struct Shared<'m> {
    model: RefCell<&'m mut Model>,
    /// An answer came, or the end.
    changed: Notify,
}

async fn send(mut writer: OwnedWriteHalf, mut input: Input<'_>, shared: &Shared<'_>) {
    let hello = script::hello(&mut input, &mut shared.model.borrow_mut());
    let mut is_open = writer.write_all(&hello).await.is_ok();
    while is_open && !input.is_empty() {
        let Step { bytes, piece, wait } = script::step(&mut input, &mut shared.model.borrow_mut());
        for piece in bytes.chunks(piece) {
            // The daemon has ended the connection; the model knows whether it may.
            is_open = is_open && writer.write_all(piece).await.is_ok();
            if piece.len() < bytes.len() {
                tokio::task::yield_now().await;
            }
        }
        while wait && shared.model.borrow().must_answer() {
            shared.changed.notified().await;
        }
    }
    let _ = writer.shutdown().await;
}

async fn listen(mut reader: OwnedReadHalf, shared: &Shared<'_>) {
    let (mut inbox, mut greeted) = (Inbox::default(), false);
    let mut piece = vec![0; 16 * 1024];
    loop {
        // A connection that the daemon closes with bytes unread is reset, which ends it as well.
        let count = reader.read(&mut piece).await.unwrap_or(0);
        let mut model = shared.model.borrow_mut();
        inbox.extend(&piece[..count]);
        if !greeted && let Some(welcome) = inbox.welcome().expect("a welcome") {
            model.welcome(welcome.code == WelcomeCode::Accepted, welcome.rights);
            greeted = true;
        }
        while greeted && let Some(answer) = inbox.message().expect("a frame") {
            model.answer(&answer);
        }
        if count == 0 {
            assert!(inbox.is_empty(), "the daemon ended within a frame");
            model.ended();
        }
        drop(model);
        shared.changed.notify_one();
        if count == 0 {
            return;
        }
    }
}
