//! Requests that wait for the disk: run beside the connection, answered in the order in which they are done.

use super::reply::Reply;
use super::{Caller, Operations, decode};
use crate::service::{ServiceError, authorise, right};
use crate::stack;
use apikeyd_protocol::frame::{Frame, Header, Status};
use apikeyd_protocol::message::{
    AuditList, AuditVerify, CredentialsChanged, Delete, DeleteUser, Empty, List, ReportUses, Save,
};
use serde::Serialize;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// A request that was read and waits to be run.
#[derive(Debug)]
pub(crate) struct Later {
    header: Header,
    caller: Caller,
    request: Request,
}

/// The answer to such a request.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The whole frame.
    pub(crate) frame: Vec<u8>,
    /// A descriptor that goes with it.
    pub(crate) descriptor: Option<OwnedFd>,
}

#[derive(Debug)]
enum Request {
    RevocationPage,
    ReportUses(ReportUses),
    Save(Save),
    Delete(Delete),
    CredentialsChanged(CredentialsChanged),
    DeleteUser(DeleteUser),
    List(List),
    AuditList(AuditList),
    AuditVerify(AuditVerify),
    Reload,
    Backup,
}

macro_rules! constructors {
    ($($name:ident, $right:ident, $body:ident => $request:expr;)*) => {$(
        pub(super) fn $name(caller: &Caller, frame: &Frame<'_>) -> Result<Self, ServiceError> {
            // Asked here, so that who may not ask learns nothing of the body, and again where it is done.
            authorise::<right::$right>(caller.standing, &caller.peer)?;
            let request: fn($body) -> Request = $request;
            let request = request(decode(frame.body)?);
            Ok(Self { header: frame.header, caller: caller.clone(), request })
        }
    )*};
}

impl Later {
    constructors! {
        revocation_page, Validate, Empty => |Empty {}| Request::RevocationPage;
        report_uses, Validate, ReportUses => Request::ReportUses;
        save, Issue, Save => Request::Save;
        delete, Issue, Delete => Request::Delete;
        credentials_changed, Issue, CredentialsChanged => Request::CredentialsChanged;
        delete_user, Issue, DeleteUser => Request::DeleteUser;
        list, Inspect, List => Request::List;
        audit_list, Inspect, AuditList => Request::AuditList;
        audit_verify, Inspect, AuditVerify => Request::AuditVerify;
        reload, Admin, Empty => |Empty {}| Request::Reload;
        backup, Admin, Empty => |Empty {}| Request::Backup;
    }

    /// The number by which the caller knows the request.
    pub(crate) const fn header(&self) -> Header {
        self.header
    }

    /// Whether its answer may be as long as a frame can be, so that few of them should wait at a time.
    pub(crate) const fn has_large_answer(&self) -> bool {
        matches!(self.request, Request::List(_) | Request::AuditList(_))
    }

    /// Does what was asked. Must be run to its end once begun: a change that was begun is made.
    pub(crate) async fn run(self, operations: Arc<Operations>) -> Finished {
        let Self { header, caller, request } = self;
        let mut frame = Vec::new();
        let mut reply = Reply::to(header, &mut frame);
        let descriptor = match perform(&operations, &caller, request, &mut reply).await {
            Ok(descriptor) => descriptor,
            Err(error) => {
                if let Some(opcode) = apikeyd_protocol::frame::Opcode::from_code(header.opcode) {
                    operations.note(&caller, opcode, &error);
                }
                reply.fail(&error);
                None
            }
        };
        Finished { frame, descriptor }
    }
}

impl Finished {
    /// The answer to a request whose work was cut short by a fault of the daemon.
    pub(crate) fn fault(header: Header) -> Self {
        let mut frame = Vec::new();
        let error = ServiceError::new(Status::Internal, "a fault of the daemon; its journal says more");
        Reply::to(header, &mut frame).fail(&error);
        Self { frame, descriptor: None }
    }
}

async fn perform(
    operations: &Arc<Operations>,
    caller: &Caller,
    request: Request,
    reply: &mut Reply<'_>,
) -> Result<Option<OwnedFd>, ServiceError> {
    let Operations { service, reload, .. } = &**operations;
    let Caller { peer, standing } = caller;
    match request {
        Request::RevocationPage => {
            let (ready, page) = service.revocation_page(&authorise(*standing, peer)?)?;
            reply.ok(&ready);
            return Ok(Some(page));
        }
        Request::ReportUses(report) => {
            reply.ok(&page(operations, caller, move |operations, caller| {
                operations.service.report_uses(&authorise(caller.standing, &caller.peer)?, &report)
            })
            .await
            .map(|()| Empty {})?);
        }
        Request::Save(save) => reply.ok(&service.save(&authorise(*standing, peer)?, save).await?),
        Request::Delete(delete) => reply.ok(&service.delete(&authorise(*standing, peer)?, delete).await?),
        Request::CredentialsChanged(changed) => {
            reply.ok(&service.credentials_changed(&authorise(*standing, peer)?, changed).await?);
        }
        Request::DeleteUser(user) => {
            reply.ok(&service.delete_user(&authorise(*standing, peer)?, user).await?)
        }
        Request::List(list) => {
            reply.ok(&page(operations, caller, move |operations, caller| {
                operations.service.list(&authorise(caller.standing, &caller.peer)?, list)
            })
            .await?);
        }
        Request::AuditList(list) => {
            reply.ok(&page(operations, caller, move |operations, caller| {
                operations.service.audit_list(&authorise(caller.standing, &caller.peer)?, list)
            })
            .await?);
        }
        Request::AuditVerify(verify) => {
            reply.ok(&service.audit_verify(&authorise(*standing, peer)?, verify).await?);
        }
        Request::Reload => {
            let permit = authorise::<right::Admin>(*standing, peer)?;
            reply.ok(&reload.reload(service, permit.actor()).await?);
        }
        Request::Backup => {
            let (ready, copy) = service.backup(&authorise(*standing, peer)?).await?;
            reply.ok(&ready);
            return Ok(Some(copy));
        }
    }
    Ok(None)
}

/// Reads a page on a thread that may wait for the disk: a hundred records can be as many reads.
async fn page<T: Serialize + Send + 'static>(
    operations: &Arc<Operations>,
    caller: &Caller,
    read: impl FnOnce(&Operations, &Caller) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    let (operations, caller) = (Arc::clone(operations), caller.clone());
    let reading = stack::on_waiting_thread(move || read(&operations, &caller));
    reading.await.map_err(|error| {
        ServiceError::caused(Status::Internal, "a fault of the daemon; its journal says more", error)
    })?
}
