//! The service manager: sockets from it, notes to it. Everything works without one.

pub(crate) mod inherited;
pub(crate) mod notify;
pub(crate) mod self_check;
