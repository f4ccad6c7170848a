//! What a measurement was asked to do.

use super::users::Users;
use crate::request::Connection;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// What the threads share.
pub(super) struct Plan<'a> {
    pub(super) connection: &'a Connection,
    pub(super) users: Users,
    pub(super) connections: u16,
    pub(super) pipeline: u16,
    pub(super) time: Duration,
    pub(super) stop: Arc<AtomicBool>,
}
