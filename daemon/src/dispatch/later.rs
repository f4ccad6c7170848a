//! Requests that wait for the disk: run beside the connection, answered in the order in which they are done.

use super::holding::{Hold, LARGE_REQUEST};
use super::reply::Reply;
use super::turns::Work;
use super::{Caller, Dispatched, Operations, decode};
use crate::descriptors::{Enclosed, Kind, Reservation};
use crate::service::{ServiceError, authorise, right};
use crate::stack;
use apikeyd_protocol::frame::{Frame, Header, Opcode, Status};
use apikeyd_protocol::message::{
    AuditList, AuditVerify, CredentialsChanged, Delete, DeleteUser, Empty, List, ReportUses, Save,
};
use apikeyd_protocol::term::SaveMode;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// A request that was read and waits to be run.
#[derive(Debug)]
pub(crate) struct Later {
    header: Header,
    caller: Caller,
    asked: Asked,
}

/// What became of work beside the connection.
#[derive(Debug)]
pub(crate) enum Finished {
    /// A request is answered.
    Answer {
        /// The whole frame.
        frame: Vec<u8>,
        /// A descriptor that goes with it.
        enclosed: Option<Enclosed>,
    },
    /// It was written down, or could not be, that the caller has a backup.
    Recorded(bool),
}

#[derive(Debug)]
enum Request {
    RevocationPage(Reservation),
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

#[derive(Debug)]
enum Asked {
    Request(Request),
    /// The body of a request that is answered at once, but not yet.
    Held(Vec<u8>),
}

impl Request {
    /// Whether it takes something away; `None` where nothing is changed, or there are turns of another kind.
    const fn revokes(&self) -> Option<bool> {
        match self {
            Self::Save(Save { mode, .. }) => Some(matches!(mode, SaveMode::Replace)),
            Self::Delete(_) | Self::CredentialsChanged(_) | Self::DeleteUser(_) => Some(true),
            Self::RevocationPage(_)
            | Self::ReportUses(_)
            | Self::List(_)
            | Self::AuditList(_)
            | Self::AuditVerify(_)
            | Self::Reload
            | Self::Backup => None,
        }
    }
}

macro_rules! constructors {
    ($($name:ident, $right:ident, $body:ident => $request:expr;)*) => {$(
        pub(super) fn $name(caller: &Caller, frame: &Frame<'_>) -> Result<Self, ServiceError> {
            // Asked here, so that who may not ask learns nothing of the body, and again where it is done.
            authorise::<right::$right>(caller.standing, &caller.peer)?;
            let request: fn($body) -> Request = $request;
            Ok(Self::of(caller, frame, request(decode(frame.body)?)))
        }
    )*};
}

impl Later {
    constructors! {
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

    pub(super) fn revocation_page(
        operations: &Operations,
        caller: &Caller,
        frame: &Frame<'_>,
    ) -> Result<Self, ServiceError> {
        authorise::<right::Validate>(caller.standing, &caller.peer)?;
        let Empty {} = decode(frame.body)?;
        let reservation = operations.unread.reserve(caller.peer.uid, Kind::Page)?;
        Ok(Self::of(caller, frame, Request::RevocationPage(reservation)))
    }

    /// A request that is answered at once when no cache contradicts the answer any more.
    pub(super) fn held(caller: &Caller, frame: &Frame<'_>) -> Self {
        let asked = Asked::Held(frame.body.to_vec());
        Self { header: frame.header, caller: caller.clone(), asked }
    }

    fn of(caller: &Caller, frame: &Frame<'_>, request: Request) -> Self {
        Self { header: frame.header, caller: caller.clone(), asked: Asked::Request(request) }
    }

    /// The number by which the caller knows the request.
    pub(crate) const fn header(&self) -> Header {
        self.header
    }

    /// Does what was asked. Must be run to its end once begun: a change that was begun is made.
    pub(crate) async fn run(self, operations: Arc<Operations>) -> Finished {
        let Self { header, caller, asked } = self;
        let opcode = Opcode::from_code(header.opcode);
        if opcode.is_some_and(|opcode| Hold::of(opcode) == Hold::Before) {
            operations.service.settled().await;
        }
        let request = match asked {
            Asked::Request(request) => request,
            Asked::Held(body) => return answer_held(&operations, caller, &Frame { header, body: &body }),
        };
        // Over when it is answered.
        let _turn = match request.revokes() {
            Some(revokes) => operations.turns.change(caller.peer.uid, revokes).await,
            None => None,
        };
        let mut frame = Vec::new();
        let mut reply = Reply::to(header, &mut frame);
        let enclosed = match perform(&operations, &caller, request, &mut reply).await {
            Ok(enclosed) => enclosed,
            Err(error) => {
                if let Some(opcode) = opcode {
                    operations.note(&caller, opcode, &error);
                }
                reply.fail(&error);
                None
            }
        };
        Finished::Answer { frame, enclosed }
    }
}

impl Operations {
    /// Whether a request costs the disk or a processor far more than most, or is held back with a long body, so that
    /// few of a connection wait at a time.
    pub(crate) fn is_costly(&self, frame: &Frame<'_>) -> bool {
        use Opcode::{AuditList, AuditVerify, Backup, List, ReportUses};
        let Some(opcode) = Opcode::from_code(frame.header.opcode) else { return false };
        let is_held_long = || {
            frame.body.len() > LARGE_REQUEST && Hold::of(opcode) == Hold::Before && !self.service.is_settled()
        };
        matches!(opcode, List | AuditList | AuditVerify | ReportUses | Backup) || is_held_long()
    }
}

/// The answer to a request whose work was cut short by a fault of the daemon.
pub(crate) fn fault_of_the_daemon(header: Header) -> Vec<u8> {
    let mut frame = Vec::new();
    Reply::to(header, &mut frame).fail(&fault());
    frame
}

/// Writes down that a caller has the descriptor of a backup.
pub(crate) async fn record_backup(operations: Arc<Operations>, caller: Caller) -> Finished {
    let recorded = operations.service.backup_handed_over(caller.peer.actor()).await;
    if let Err(error) = &recorded {
        operations.note(&caller, Opcode::Backup, error);
    }
    Finished::Recorded(recorded.is_ok())
}

/// Answers what was held back, with the rights of now.
fn answer_held(operations: &Operations, caller: Caller, request: &Frame<'_>) -> Finished {
    let standing = operations.service.standing(|| operations.reload.rights().load().of(&caller.peer));
    let mut frame = Vec::new();
    match operations.dispatch(&Caller { standing, ..caller }, request, &mut frame) {
        Dispatched::Answered => Finished::Answer { frame, enclosed: None },
        Dispatched::Later(_) => {
            Finished::Answer { frame: fault_of_the_daemon(request.header), enclosed: None }
        }
    }
}

async fn perform(
    operations: &Arc<Operations>,
    caller: &Caller,
    request: Request,
    reply: &mut Reply<'_>,
) -> Result<Option<Enclosed>, ServiceError> {
    let Operations { service, reload, .. } = &**operations;
    let Caller { peer, standing, .. } = caller;
    match request {
        Request::RevocationPage(reservation) => {
            let (ready, descriptor) = service.revocation_page(&authorise(*standing, peer)?)?;
            reply.ok(&ready);
            return Ok(Some(Enclosed { descriptor, reservation, is_recorded: false }));
        }
        Request::ReportUses(report) => {
            let noted = costly(operations, caller, Work::Page, move |operations, caller| {
                let gone = || caller.presence.is_gone();
                operations.service.report_uses(&authorise(caller.standing, &caller.peer)?, &report, &gone)
            });
            noted.await?;
            reply.ok(&Empty {});
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
            let page = costly(operations, caller, Work::Page, move |operations, caller| {
                let gone = || caller.presence.is_gone();
                operations.service.list(&authorise(caller.standing, &caller.peer)?, list, &gone)
            });
            reply.ok(&page.await?);
        }
        Request::AuditList(list) => {
            let page = costly(operations, caller, Work::Page, move |operations, caller| {
                let gone = || caller.presence.is_gone();
                operations.service.audit_list(&authorise(caller.standing, &caller.peer)?, list, &gone)
            });
            reply.ok(&page.await?);
        }
        Request::AuditVerify(verify) => {
            let report = costly(operations, caller, Work::Whole, move |operations, caller| {
                let gone = || caller.presence.is_gone();
                operations.service.audit_verify(&authorise(caller.standing, &caller.peer)?, verify, &gone)
            });
            reply.ok(&report.await?);
        }
        Request::Reload => {
            let permit = authorise::<right::Admin>(*standing, peer)?;
            let gone = || caller.presence.is_gone();
            reply.ok(&reload.reload(service, permit.actor(), &gone).await?);
        }
        Request::Backup => {
            let copying = costly(operations, caller, Work::Whole, move |operations, caller| {
                // Before the work, since a copy that cannot be handed over is not made, but not before its turn: a
                // caller who asks and does not read would have its refusals at once, and by the thousand.
                let reservation = operations.unread.reserve(caller.peer.uid, Kind::Copy)?;
                let gone = || caller.presence.is_gone();
                let permit = authorise(caller.standing, &caller.peer)?;
                let (ready, descriptor): (_, OwnedFd) = operations.service.backup(&permit, &gone)?;
                Ok((ready, Enclosed { descriptor, reservation, is_recorded: true }))
            });
            let (ready, enclosed) = copying.await?;
            let (uid, pid, revision) = (peer.uid, peer.pid, ready.head.revision);
            // Before it is, so that not even a crash takes a copy out of the house unseen.
            tracing::info!(uid, pid, revision, "a copy of the database is handed over");
            reply.ok(&ready);
            return Ok(Some(enclosed));
        }
    }
    Ok(None)
}

/// Does costly work when it is the caller's turn, on a thread that may wait for the disk. Nothing is done for a caller
/// who has gone meanwhile.
async fn costly<T: Send + 'static>(
    operations: &Arc<Operations>,
    caller: &Caller,
    work: Work,
    run: impl FnOnce(&Operations, &Caller) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    let turn = operations.turns.turn(work, caller.peer.uid).await;
    if caller.presence.is_gone() {
        return Err(ServiceError::abandoned());
    }
    let (operations, caller) = (Arc::clone(operations), caller.clone());
    let working = stack::on_waiting_thread(move || {
        let done = run(&operations, &caller);
        // Over with the work, whatever became of the connection that waits for it.
        drop(turn);
        done
    });
    working.await.map_err(|error| ServiceError { source: Some(Box::new(error)), ..fault() })?
}

fn fault() -> ServiceError {
    ServiceError::new(Status::Internal, "a fault of the daemon; its journal says more")
}
