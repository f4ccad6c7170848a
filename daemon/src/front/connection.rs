//! One connection: a greeting, then frames until either side ends it.
//!
//! ```text
//!   socket ─► [inbox] ─► frame ─► dispatch ──────────────► [outbox] ─► socket
//!                                    └─► later (disk) ─►──────┘
//! ```
//!
//! One task, and one reusable buffer for each direction: a validation allocates nothing here. All frames that
//! one read returns are answered by one write. The caller is never trusted to read its answers, to complete its
//! frames or to close the connection.

mod ending;
mod frames;
mod inbox;
mod outbox;
mod serving;

pub(crate) use ending::End;
pub(crate) use serving::Connection;
