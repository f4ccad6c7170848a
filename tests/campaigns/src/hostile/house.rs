//! The daemon that is attacked, and a key that must stay good.

use super::largest;
use super::strangers::{
    ADMIN, ATTACKER, ATTACKING_ADMIN, ATTACKING_ISSUER, CROWD, GANG, ISSUER, VICTIM, are_other_users,
};
use super::vitals::Vitals;
use apikeyd_client::{ApiKey, Client, DaemonStatus, SaveMode};
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::scratch::Scratch;
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use apikeyd_tests::filling::{fill, issue};
use apikeyd_tests::shipped::{self, ControlGroup, Unit};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that a daemon under attack may hold. `MemoryMax=` is above it, since it counts what the kernel holds for the
/// daemon as well.
const MEMORY: u64 = 256 << 20;

/// How long the daemon may take to see the end of connections.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon as shipped, but for the users that have rights. Without root it is this process's own user's, with the limits
/// of this process: `strangers::are_other_users` tells.
#[derive(Debug)]
pub struct House {
    /// The directory.
    pub scratch: Scratch,
    /// The process.
    pub daemon: Daemon,
    /// What the shipped units say.
    pub unit: Unit,
    /// The daemon's user, where it has one of its own.
    pub uid: Option<u32>,
    /// Where the unit's `MemoryMax=` holds, if this machine lets root make such a group. Behind the daemon: it goes last.
    pub group: Option<ControlGroup>,
}

impl House {
    /// Starts one; `binary` is the multi-call binary.
    #[must_use]
    pub fn open(binary: &Path) -> Self {
        Self::open_with(binary, "")
    }

    /// Starts one with more in its configuration.
    #[must_use]
    pub fn open_with(binary: &Path, more: &str) -> Self {
        let scratch = Scratch::new(binary);
        let config = scratch.write("apikeyd.toml", configuration() + more);
        let (unit, uid) = (Unit::shipped(), are_other_users().then(shipped::another_user));
        let memory = unit.memory.filter(|_| uid.is_some());
        let group = memory.and_then(ControlGroup::limited);
        let start = match uid {
            Some(uid) => shipped::start(&scratch, &unit, uid, group.as_ref()),
            None => Start::new(&scratch),
        };
        let daemon = start.arg("--config").arg(config).ready();
        if let Some(uid) = uid {
            shipped::check(daemon.pid(), &unit, uid);
        }
        Self { scratch, daemon, unit, uid, group }
    }

    /// KiB that the daemon may hold, whatever is asked of it.
    #[must_use]
    pub fn memory_bound_kib(&self) -> u64 {
        self.unit.memory.map_or(MEMORY, |memory| memory.min(MEMORY)) / 1024
    }

    /// The daemon's process.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        Vitals::of(self.daemon.pid())
    }

    /// Connects, and waits until the daemon has seen the end of all other connections: it counts one until a moment
    /// after its descriptor is closed.
    #[must_use]
    pub fn wait_until_alone(&self) -> RawClient {
        let mut peer = RawClient::greeted(self.daemon.socket());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status: DaemonStatus = peer.ask(Opcode::Status, &Empty {}).message();
            if status.connections == 1 {
                return peer;
            }
            assert!(Instant::now() < deadline, "{} connections stay open", status.connections);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Makes a key for a user.
    #[must_use]
    pub fn issue(&self, user: &str) -> ApiKey {
        issue(&self.client(), user)
    }

    /// Saves this number of keys, with names as long as they can be.
    pub fn fill(&self, keys: u64) {
        let client = self.client();
        for number in 0..keys {
            let draft = client.generate(&largest::generate(number)).expect("a draft");
            client.save(draft.key_id, SaveMode::Add).expect("a key");
        }
    }

    /// Saves a key for each of this number of users, many at a time.
    pub fn settle(&self, users: u64) {
        let name = |number| format!("resident-{number}");
        let _none = fill(self.daemon.socket(), users, name, |_, _| None::<()>);
    }

    /// A client without a cache, of root.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::builder().socket(self.daemon.socket()).cache(false).build().expect("a client")
    }
}

/// Everybody may connect; victims and attackers have the rights that they need.
fn configuration() -> String {
    let list = |users: &[u32]| users.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let validate: Vec<u32> = GANG.chain([VICTIM, ATTACKER]).collect();
    let admin: Vec<u32> = CROWD.chain([ADMIN, ATTACKING_ADMIN]).collect();
    format!(
        "socket_mode = \"0666\"\n[rights]\nvalidate = {{ users = [{}] }}\nissue = {{ users = [{}] }}\nadmin = {{ \
         users = [{}] }}\n",
        list(&validate),
        list(&[ISSUER, ATTACKING_ISSUER]),
        list(&admin)
    )
}
