//! From a frame to the service and back: which operation, may this caller, what is the answer.
//!
//! What is answered from memory, or by one look into the database, is answered at once and into the
//! connection's own buffer. What waits for the disk becomes a [`Later`].

mod at_once;
mod holding;
mod later;
mod per_uid;
mod presence;
mod reply;
mod turns;

pub(crate) use later::{Finished, Later, fault_of_the_daemon, record_backup};
pub(crate) use presence::Presence;

use crate::descriptors::Unread;
use crate::logging::Seldom;
use crate::peer::Peer;
use crate::reload::Reload;
use crate::service::{Service, ServiceError, Standing};
use crate::traffic::Traffic;
use apikeyd_protocol::codec::{self, DecodeError};
use apikeyd_protocol::frame::{Frame, Opcode, Status};
use apikeyd_protocol::time::Timestamp;
use holding::Hold;
use reply::Reply;
use serde::Deserialize;
use std::sync::Arc;
use turns::Turns;

/// Everything that requests are answered with.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) service: Arc<Service>,
    pub(crate) reload: Reload,
    pub(crate) traffic: Traffic,
    pub(crate) unread: Arc<Unread>,
    turns: Turns,
    started_at: Timestamp,
}

/// Who asks, with the rights of this moment.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) peer: Arc<Peer>,
    pub(crate) standing: Standing,
    pub(crate) presence: Presence,
}

/// What became of a frame.
pub(crate) enum Dispatched {
    /// The answer has been appended.
    Answered,
    /// The answer comes once this has been run.
    Later(Later),
}

impl Operations {
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

    /// Answers a frame, or says how it will be answered.
    pub(crate) fn dispatch(&self, caller: &Caller, frame: &Frame<'_>, out: &mut Vec<u8>) -> Dispatched {
        let mut reply = Reply::to(frame.header, out);
        let Some(opcode) = Opcode::from_code(frame.header.opcode) else {
            let message = format!("this daemon does not know the opcode {}", frame.header.opcode);
            reply.fail(&ServiceError::new(Status::UnknownOpcode, message));
            return Dispatched::Answered;
        };
        match self.route(opcode, caller, frame, &mut reply) {
            Ok(dispatched) => dispatched,
            Err(error) => {
                self.note(caller, opcode, &error);
                reply.fail(&error);
                Dispatched::Answered
            }
        }
    }

    fn route(
        &self,
        opcode: Opcode,
        caller: &Caller,
        frame: &Frame<'_>,
        reply: &mut Reply<'_>,
    ) -> Result<Dispatched, ServiceError> {
        let body = frame.body;
        let holds = Hold::of(opcode) == Hold::Before && !self.service.is_settled();
        // No opcode is left out: a new one does not compile until it has an answer.
        let later = match opcode {
            Opcode::Validate => return self.validate(caller, body, reply),
            // Who may not ask is told so at once.
            Opcode::Status
            | Opcode::PolicyTest
            | Opcode::RetrieveUser
            | Opcode::RetrieveKey
            | Opcode::Statistics
            | Opcode::FilesInForce
                if holds && caller.standing.rights().contains(opcode.right()) =>
            {
                Later::held(caller, frame)
            }
            Opcode::Status => return self.status(caller, body, reply),
            Opcode::PolicyRows => return self.policy_rows(caller, body, reply),
            Opcode::PolicySummary => return self.policy_summary(caller, body, reply),
            Opcode::PolicyTest => return self.policy_test(caller, body, reply),
            Opcode::Generate => return self.generate(caller, body, reply),
            Opcode::RetrieveUser => return self.retrieve_user(caller, body, reply),
            Opcode::RetrieveKey => return self.retrieve_key(caller, body, reply),
            Opcode::Statistics => return self.statistics(caller, body, reply),
            Opcode::FilesInForce => return self.files_in_force(caller, body, reply),
            Opcode::RevocationPage => Later::revocation_page(self, caller, frame)?,
            Opcode::ReportUses => Later::report_uses(caller, frame)?,
            Opcode::Save => Later::save(caller, frame)?,
            Opcode::Delete => Later::delete(caller, frame)?,
            Opcode::CredentialsChanged => Later::credentials_changed(caller, frame)?,
            Opcode::DeleteUser => Later::delete_user(caller, frame)?,
            Opcode::List => Later::list(caller, frame)?,
            Opcode::AuditList => Later::audit_list(caller, frame)?,
            Opcode::AuditVerify => Later::audit_verify(caller, frame)?,
            Opcode::Reload => Later::reload(caller, frame)?,
            Opcode::Backup => Later::backup(caller, frame)?,
        };
        Ok(Dispatched::Later(later))
    }

    /// Counts and logs a failure: what the operator should see, not what the caller did wrong.
    fn note(&self, caller: &Caller, opcode: Opcode, error: &ServiceError) {
        static DENIED: Seldom = Seldom::new();
        static FAILED: Seldom = Seldom::new();
        let Peer { uid, pid, .. } = *caller.peer;
        let status = error.status;
        if status == Status::BadRequest {
            self.traffic.bad_request();
        } else if status == Status::NotPermitted {
            self.traffic.not_permitted();
            if let Some(pass) = DENIED.now() {
                tracing::warn!(%opcode, uid, pid, swallowed = pass.swallowed, "a request was not permitted");
            }
        } else if matches!(status, Status::Internal | Status::StorageUnavailable | Status::Damaged)
            && let Some(pass) = FAILED.now()
        {
            let cause = error.source.as_ref().map(ToString::to_string);
            let cause = cause.as_deref().unwrap_or(&error.message);
            tracing::error!(%opcode, uid, pid, swallowed = pass.swallowed, %status, cause, "a request failed");
        }
    }
}

/// The message of a body.
fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ServiceError> {
    codec::decode(body).map_err(|error| undecodable(&error))
}

#[cold]
fn undecodable(error: &DecodeError) -> ServiceError {
    ServiceError::new(Status::BadRequest, error.to_string())
}
