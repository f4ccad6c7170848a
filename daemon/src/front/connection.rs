//! One connection: a greeting, then frames until somebody has had enough.
//!
//! ```text
//!   socket ─► [inbox] ─► frame ─► dispatch ──────────────► [outbox] ─► socket
//!                                    └─► later (disk) ─►──────┘
//! ```
//!
//! One task, one buffer for each direction, both used again: a validation allocates nothing here. All
//! frames that one read brings are answered by one write. The caller is never trusted to read its answers,
//! to end its frames or to go away.

mod ending;
mod frames;
mod inbox;
mod outbox;
mod serving;

pub(crate) use ending::End;
pub(crate) use serving::Connection;
