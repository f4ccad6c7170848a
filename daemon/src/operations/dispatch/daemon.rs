//! Everything that requests are answered with.

use super::descriptors::Unread;
use super::turns::Turns;
use crate::logging::Seldom;
use crate::operations::error::{ErrorKind, ServiceError};
use crate::operations::reload::Reload;
use crate::operations::service::Service;
use crate::operations::state::traffic::Traffic;
use crate::peer::Peer;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::time::Timestamp;
use std::sync::Arc;

/// Everything that requests are answered with.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) service: Arc<Service>,
    pub(crate) reload: Reload,
    pub(crate) traffic: Traffic,
    pub(crate) unread: Arc<Unread>,
    pub(super) turns: Turns,
    pub(crate) started_at: Timestamp,
}

impl Daemon {
    /// `unread` is how many descriptors may be under way to callers at a time.
    pub(crate) fn new(service: Arc<Service>, reload: Reload, unread: usize) -> Self {
        Self {
            started_at: service.now(),
            service,
            reload,
            traffic: Traffic::default(),
            unread: Unread::new(unread),
            turns: Turns::new(),
        }
    }

    /// Counts and logs a failure: what the operator should see, not what the caller did wrong.
    #[cold]
    pub(crate) fn note(&self, peer: &Peer, opcode: Opcode, error: &ServiceError) {
        static DENIED: Seldom = Seldom::new();
        static FAILED: Seldom = Seldom::new();
        let Peer { uid, pid, .. } = *peer;
        match error.kind {
            ErrorKind::BadRequest => self.traffic.bad_request(),
            ErrorKind::NotPermitted => {
                self.traffic.not_permitted();
                if let Some(pass) = DENIED.now() {
                    tracing::warn!(%opcode, uid, pid, suppressed = pass.suppressed, "a request was not permitted");
                }
            }
            ErrorKind::Internal | ErrorKind::StorageUnavailable | ErrorKind::Damaged => {
                if let Some(pass) = FAILED.now() {
                    let cause = error.source.as_ref().map(ToString::to_string);
                    let (cause, kind) = (cause.as_deref().unwrap_or(&error.message), error.kind);
                    tracing::error!(%opcode, uid, pid, suppressed = pass.suppressed, status = %kind, cause, "a request failed");
                }
            }
            ErrorKind::UnknownOpcode
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::InvalidArgument
            | ErrorKind::InvalidConfiguration
            | ErrorKind::Busy
            | ErrorKind::ShuttingDown => {}
        }
    }
}
