//! The attacks.

mod flooding;
mod holding;
mod storming;

pub(super) use flooding::{read, unread, unread_some};
pub(super) use storming::send_with;

use super::siege::Field;
use super::strangers::{ATTACKER, ATTACKING_ADMIN, CROWD, GANG, PLACES};
use apikeyd_protocol::operation::Opcode;

/// Something that a local user with rights can do to the daemon; the right to validate is enough for most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Connections that were greeted and then say nothing.
    Idle,
    /// Connections that never say hello; each is made again when it was given up.
    Silent,
    /// Connections that send one byte of a frame a second.
    Trickle,
    /// Connections that ask for long answers and never read one.
    Unread,
    /// Connections of fifteen users that each announce the longest frame and send one byte of it.
    Claims,
    /// Connections made and closed as fast as possible.
    Connects,
    /// Connections that begin with 64 KiB of nonsense.
    Nonsense,
    /// Frames of the greatest length, with bodies that mean nothing.
    LongFrames,
    /// Requests that carry 253 descriptors, the connection's own socket among them.
    Descriptors,
    /// 1,024 validations of unknown keys in one write, over and over.
    Pipelines,
    /// Connections that ask for the revocation page and never take it off the socket.
    Pages,
    /// Connections that ask for backups and never take them off the socket.
    Backups,
    /// Connections of eight users that ask for all that is costly, half of them without reading.
    Costly,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Idle,
        Self::Silent,
        Self::Trickle,
        Self::Unread,
        Self::Claims,
        Self::Connects,
        Self::Nonsense,
        Self::LongFrames,
        Self::Descriptors,
        Self::Pipelines,
        Self::Pages,
        Self::Backups,
        Self::Costly,
    ];

    /// What it is called in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Silent => "silent",
            Self::Trickle => "one byte a second",
            Self::Unread => "never reading",
            Self::Claims => "claims of 64 KiB",
            Self::Connects => "connect and close",
            Self::Nonsense => "nonsense",
            Self::LongFrames => "longest frames",
            Self::Descriptors => "253 descriptors",
            Self::Pipelines => "deep pipelines",
            Self::Pages => "unread pages",
            Self::Backups => "unread backups",
            Self::Costly => "all that is costly",
        }
    }

    /// Connections of the long form.
    #[must_use]
    pub fn connections(self) -> usize {
        match self {
            Self::Idle | Self::Silent | Self::Claims => 1000,
            Self::Trickle | Self::Unread => 100,
            Self::Connects | Self::Nonsense => 2,
            Self::LongFrames | Self::Descriptors | Self::Pipelines | Self::Backups => 8,
            Self::Pages => PLACES,
            Self::Costly => PLACES * CROWD.len(),
        }
    }

    /// KiB by which the daemon may grow: two buffers of 8 KiB and the state of a task for each connection that has a
    /// place; for those that never read also the 256 KiB that may wait for them, the four long answers that are made
    /// meanwhile, and what they have sent; and 8 MiB for what the allocator keeps and the store's cache.
    #[must_use]
    pub const fn memory_bound_kib(self) -> u64 {
        const KEPT: u64 = 8 * 1024;
        const PLACE: u64 = 24;
        const PLACES_OF_ONE: u64 = 64;
        match self {
            Self::Claims => KEPT + PLACE * 1000,
            Self::Unread | Self::LongFrames | Self::Pipelines | Self::Pages | Self::Backups => {
                KEPT + PLACES_OF_ONE * (PLACE + 256 + 5 * 64)
            }
            // However many there are: less than the whole daemon may hold.
            Self::Costly => 192 * 1024,
            Self::Idle
            | Self::Silent
            | Self::Trickle
            | Self::Connects
            | Self::Nonsense
            | Self::Descriptors => KEPT + PLACE * PLACES_OF_ONE,
        }
    }

    /// The users that do it, each on a thread of its own.
    #[must_use]
    pub fn attackers(self) -> core::ops::Range<u32> {
        match self {
            Self::Claims => GANG,
            Self::Costly => CROWD,
            Self::Backups => ATTACKING_ADMIN..ATTACKING_ADMIN + 1,
            Self::Idle
            | Self::Silent
            | Self::Trickle
            | Self::Unread
            | Self::Connects
            | Self::Nonsense
            | Self::LongFrames
            | Self::Descriptors
            | Self::Pipelines
            | Self::Pages => ATTACKER..ATTACKER + 1,
        }
    }

    /// Does it with so many connections until it is called off.
    pub(super) fn go_on(self, field: &Field, connections: usize) {
        match self {
            Self::Idle => holding::idle(field, connections),
            Self::Silent => holding::silent(field, connections),
            Self::Trickle => holding::trickle(field, connections),
            Self::Unread => flooding::unread(field, connections, Opcode::PolicyRows),
            Self::Claims => holding::claims(field, connections),
            Self::Connects => storming::connects(field),
            Self::Nonsense => storming::nonsense(field),
            Self::LongFrames => storming::long_frames(field, connections),
            Self::Descriptors => storming::descriptors(field, connections),
            Self::Pipelines => storming::pipelines(field, connections),
            Self::Pages => flooding::unread(field, connections, Opcode::RevocationPage),
            Self::Backups => flooding::unread(field, connections, Opcode::Backup),
            Self::Costly => flooding::costly(field, connections),
        }
    }
}
