//! An attack that goes on until it is called off.

use super::attack::Attack;
use super::strangers::spawn_as;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long an attack may take to begin before the campaign says that it does not happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing was done by attackers who cannot go on.
const STUCK: Duration = Duration::from_millis(200);

/// What the attackers of one siege share.
#[derive(Debug)]
pub struct Field {
    /// The daemon's socket.
    pub socket: PathBuf,
    stop: AtomicBool,
    blows: AtomicU64,
}

/// A running attack.
#[derive(Debug)]
pub struct Siege {
    field: Arc<Field>,
    attackers: Vec<JoinHandle<()>>,
}

impl Field {
    /// Whether the attack was called off.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Counts something that an attacker has done.
    pub fn blow(&self) {
        self.blows.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits, but no longer than the attack goes on.
    pub fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_over() && Instant::now() < end {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Siege {
    /// Begins an attack with so many connections.
    #[must_use]
    pub fn begin(attack: Attack, connections: usize, socket: &Path) -> Self {
        let share = connections.div_ceil(attack.attackers().count());
        Self::of(attack.attackers(), socket, move |field| attack.go_on(field, share))
    }

    /// Lets each of these users do something, on a thread of its own, until it is called off.
    #[must_use]
    pub fn of(
        users: impl IntoIterator<Item = u32>,
        socket: &Path,
        go_on: impl Fn(&Field) + Clone + Send + 'static,
    ) -> Self {
        let field = Arc::new(Field {
            socket: socket.to_owned(),
            stop: AtomicBool::new(false),
            blows: AtomicU64::new(0),
        });
        let attack = |uid| {
            let (field, go_on) = (Arc::clone(&field), go_on.clone());
            spawn_as(uid, move || go_on(&field))
        };
        let attackers = users.into_iter().map(attack).collect();
        Self { field, attackers }
    }

    /// Waits until the attackers have done so much together.
    pub fn wait_for_blows(&self, wanted: u64) {
        let deadline = Instant::now() + PATIENCE;
        while self.blows() < wanted {
            assert!(Instant::now() < deadline, "the attack did {} of {wanted} things", self.blows());
            assert!(!self.attackers.iter().any(JoinHandle::is_finished), "an attacker gave up");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until the attackers cannot do anything more, or for some time.
    pub fn wait_until_stuck(&self, most: Duration) {
        let deadline = Instant::now() + most;
        let mut before = (self.blows(), Instant::now());
        while Instant::now() < deadline && before.1.elapsed() < STUCK {
            thread::sleep(Duration::from_millis(5));
            if self.blows() != before.0 {
                before = (self.blows(), Instant::now());
            }
        }
    }

    /// What the attackers have done so far.
    #[must_use]
    pub fn blows(&self) -> u64 {
        self.field.blows.load(Ordering::Relaxed)
    }

    /// Calls it off and waits for the attackers to leave.
    pub fn end(mut self) {
        self.field.stop.store(true, Ordering::Relaxed);
        for attacker in self.attackers.drain(..) {
            attacker.join().expect("an attacker that only left");
        }
    }
}

impl Drop for Siege {
    /// Calls it off also when the campaign stops because a promise was broken.
    fn drop(&mut self) {
        self.field.stop.store(true, Ordering::Relaxed);
    }
}
