//! The daemon that is attacked, and a key that must stay good.

use super::peer::Peer;
use super::strangers::{ATTACKER, GANG, VICTIM};
use super::vitals::Vitals;
use apikeyd_client::message::{Empty, Generate, SaveMode, Status};
use apikeyd_client::{ApiKey, Client, UserId};
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::Opcode;
use apikeyd_tests::daemon::{Daemon, Start};
use apikeyd_tests::scratch::Scratch;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long the daemon may take to see the end of connections.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon as shipped, but for the users that may validate.
#[derive(Debug)]
pub struct House {
    /// The directory.
    pub scratch: Scratch,
    /// The process.
    pub daemon: Daemon,
}

impl House {
    /// Starts one; `binary` is the multi-call binary.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn open(binary: &Path) -> Self {
        Self::open_with(binary, "")
    }

    /// Starts one with more in its configuration.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn open_with(binary: &Path, more: &str) -> Self {
        let scratch = Scratch::new(binary);
        let config = scratch.write("apikeyd.toml", configuration() + more);
        let daemon = Start::new(&scratch).arg("--config").arg(config).ready();
        Self { scratch, daemon }
    }

    /// The daemon's process.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        Vitals::of(self.daemon.pid())
    }

    /// Connects, and waits until the daemon has seen the end of all other connections: it counts one until a moment
    /// after its descriptor is closed.
    ///
    /// # Panics
    /// When others stay open.
    #[must_use]
    pub fn wait_until_alone(&self) -> Peer {
        let mut peer = Peer::greeted(self.daemon.socket());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = peer.ask(Opcode::Status, &Empty {}).expect("an answer");
            let status: Status = codec::decode(&answer.body).expect("a status");
            if status.connections == 1 {
                return peer;
            }
            assert!(Instant::now() < deadline, "{} connections stay open", status.connections);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Makes a key for a user.
    ///
    /// # Panics
    /// When the daemon does not.
    #[must_use]
    pub fn issue(&self, user: &str) -> ApiKey {
        issue(&self.client(), user)
    }

    /// A client without a cache, of the daemon's own user.
    ///
    /// # Panics
    /// When the path cannot be a socket's.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::builder().socket(self.daemon.socket()).cache(false).build().expect("a client")
    }
}

/// Makes a key for a user.
///
/// # Panics
/// When the daemon does not.
#[must_use]
pub fn issue(client: &Client, user: &str) -> ApiKey {
    let user = UserId::parse(user).expect("a user");
    let generated = client.generate(&Generate { user, label: None, expires_at: None }).expect("a draft");
    client.save(generated.key_id, SaveMode::Add).expect("a key");
    generated.key.0
}

/// Everybody may connect; the victim and the attackers may validate.
fn configuration() -> String {
    let users: Vec<String> = GANG.chain([VICTIM, ATTACKER]).map(|uid| uid.to_string()).collect();
    format!("socket_mode = \"0666\"\n[rights]\nvalidate = {{ users = [{}] }}\n", users.join(", "))
}
