//! Callers whose answers are waited for and timed while others attack.

use super::strangers::{ISSUER, spawn_as};
use super::victim::Times;
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{Delete, Generate, Generated, Save};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::SaveMode;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long anybody may wait for an answer before the campaign says that there is none.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// Somebody who asks and waits for the answer, over and over, until it is called off.
#[derive(Debug)]
pub struct Repeating {
    state: Arc<State>,
    thread: JoinHandle<(Times, Option<String>)>,
}

#[derive(Debug, Default)]
struct State {
    stop: AtomicBool,
    done: AtomicUsize,
}

impl Repeating {
    /// An issuer that makes keys and revokes them; only the revocations are timed.
    #[must_use]
    pub fn revocations(socket: &Path) -> Self {
        Self::begin(ISSUER, socket, revoke_one)
    }

    /// Connects as a user, and does one thing after the other.
    #[must_use]
    pub fn begin(uid: u32, socket: &Path, one: fn(&mut RawClient) -> Result<Duration, String>) -> Self {
        let (state, socket) = (Arc::<State>::default(), socket.to_owned());
        let shared = Arc::clone(&state);
        let thread = spawn_as(uid, move || {
            let mut peer = patient(&socket);
            let mut times = Times::default();
            while !shared.stop.load(Ordering::Relaxed) {
                match one(&mut peer) {
                    Ok(time) => times.add(time),
                    Err(broken) => return (times, Some(broken)),
                }
                shared.done.fetch_add(1, Ordering::Relaxed);
            }
            (times, None)
        });
        Self { state, thread }
    }

    /// Waits until it has asked this often, or was not answered as promised.
    pub fn wait_for(&self, times: usize) {
        while self.state.done.load(Ordering::Relaxed) < times && !self.thread.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Calls it off, and gives how long each answer took; what was not as promised is added to `broken`.
    #[must_use]
    pub fn end(self, broken: &mut Vec<String>) -> Times {
        self.state.stop.store(true, Ordering::Relaxed);
        let (times, broke) = self.thread.join().expect("a caller that was let in");
        broken.extend(broke);
        times
    }
}

/// Makes a key, saves it, revokes it, and gives how long the last of these took.
fn revoke_one(peer: &mut RawClient) -> Result<Duration, String> {
    let user = UserId::parse("somebody").expect("a user");
    let draft = ask(peer, Opcode::Generate, &Generate::new(user))?;
    let key_id = codec::decode::<Generated>(&draft).expect("a draft").key_id;
    ask(peer, Opcode::Save, &Save::new(key_id, SaveMode::Add))?;
    let asked = Instant::now();
    ask(peer, Opcode::Delete, &Delete::new(key_id))?;
    Ok(asked.elapsed())
}

/// Asks for what must succeed, and gives the answer's body.
pub(super) fn ask<T: Serialize>(
    peer: &mut RawClient,
    opcode: Opcode,
    message: &T,
) -> Result<Vec<u8>, String> {
    let asked = Instant::now();
    match peer.try_ask(opcode, message) {
        Ok(answer) if answer.status() == Status::Ok => Ok(answer.body),
        other => {
            let (waited, other) = (asked.elapsed(), other.map(|answer| answer.status()));
            Err(format!("{opcode} by an issuer, after {waited:.1?}: {other:?}"))
        }
    }
}

/// A caller that takes an answer that does not come for none.
pub(super) fn patient(socket: &Path) -> RawClient {
    let peer = RawClient::greeted(socket);
    peer.stream.set_read_timeout(Some(ANSWERED_WITHIN)).expect("a socket");
    peer
}
