//! How an operation is performed: the daemon's half of a row.
//!
//! The permit is obtained once, before the body is read, and moves with the request. What memory or a single
//! look-up in the database can answer is answered at once, into the connection's own buffer. What waits for the
//! disk becomes work beside the connection.
//!
//! This is also the only place where a kind of failure becomes a wire status.

use super::daemon::{Caller, Daemon};
use super::descriptors::Enclosed;
use super::turns::Work;
use crate::operations::error::{ErrorKind, ServiceError};
use crate::operations::permit::Permit;
use apikeyd_keystore::wipe_stack;
use apikeyd_protocol::codec::EncodeError;
use apikeyd_protocol::frame::{Header, Status, append_answer, append_answer_of};
use apikeyd_protocol::message::Failure;
use apikeyd_protocol::operation::Operation;
use core::fmt;
use core::pin::Pin;
use std::sync::Arc;
use tokio::task::{JoinHandle, spawn_blocking};

/// What the daemon does for an operation.
pub(crate) trait Serve: Operation {
    /// When its answer is held back after the loss of the revocation page.
    const HOLD: Hold;

    /// Whether it costs far more disk or processor time than most, so that only few of a connection may wait at
    /// a time.
    const IS_COSTLY: bool = false;

    /// Answers, or returns the work that will.
    ///
    /// # Errors
    /// Why it fails, for the caller.
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError>;
}

/// One request, permitted and decoded.
#[derive(Debug)]
pub(crate) struct Call<'c, O: Operation> {
    pub(crate) daemon: &'c Arc<Daemon>,
    pub(crate) caller: &'c Caller,
    pub(crate) permit: Permit<O::Right>,
    pub(crate) request: O::Request<'c>,
    pub(crate) reply: Reply<'c>,
}

impl Reply<'_> {
    /// Answers at once.
    #[inline]
    pub(crate) fn answer<O: Operation>(mut self, answer: &O::Answer<'_>) -> Served {
        self.append(|out| O::encode_answer(answer, out));
        Served::Now
    }
}

/// The outcome of a request.
pub(crate) enum Served {
    /// It is answered.
    Now,
    /// It is answered once this has been run.
    Later(Running),
}

/// Work beside the connection. Once begun, it is run to its end: a change that was begun is completed.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<Body, ServiceError>> + Send>>;

/// The body of an answer that came later.
#[derive(Debug)]
pub(crate) struct Body {
    pub(super) bytes: Vec<u8>,
    /// A descriptor that accompanies it.
    pub(super) enclosed: Option<Enclosed>,
}

impl Body {
    /// The body of an answer.
    ///
    /// # Errors
    /// `Internal` if it does not fit a frame.
    pub(crate) fn of<O: Operation>(answer: &O::Answer<'_>) -> Result<Self, ServiceError> {
        let mut bytes = Vec::new();
        O::encode_answer(answer, &mut bytes).map_err(|_| too_long())?;
        Ok(Self { bytes, enclosed: None })
    }

    /// Adds a descriptor.
    pub(crate) fn enclosing(self, enclosed: Enclosed) -> Self {
        Self { enclosed: Some(enclosed), ..self }
    }
}

impl Served {
    /// Work that needs no turn.
    pub(crate) fn later(work: impl Future<Output = Result<Body, ServiceError>> + Send + 'static) -> Self {
        Self::Later(Box::pin(work))
    }

    /// A change, once another one of this uid may start. Revocations do not wait for changes that revoke
    /// nothing.
    pub(crate) fn change<R, F>(
        daemon: &Arc<Daemon>,
        permit: Permit<R>,
        revokes: bool,
        work: impl FnOnce(Arc<Daemon>, Permit<R>) -> F + Send + 'static,
    ) -> Self
    where
        R: 'static,
        F: Future<Output = Result<Body, ServiceError>> + Send,
    {
        let daemon = Arc::clone(daemon);
        Self::later(async move {
            // Ends when it is answered.
            let _turn = daemon.turns.change(permit.uid(), revokes).await;
            work(Arc::clone(&daemon), permit).await
        })
    }

    /// Costly work when it is the caller's turn, on a thread that may wait for the disk. Nothing is done for a
    /// caller that is gone by then; `run` gets a way to ask whether it is.
    pub(crate) fn costly<R: 'static>(
        daemon: &Arc<Daemon>,
        caller: &Caller,
        permit: Permit<R>,
        work: Work,
        run: impl FnOnce(&Daemon, &Permit<R>, &dyn Fn() -> bool) -> Result<Body, ServiceError> + Send + 'static,
    ) -> Self {
        let (daemon, presence) = (Arc::clone(daemon), caller.presence.clone());
        Self::later(async move {
            let turn = daemon.turns.turn(work, permit.uid()).await;
            if presence.is_gone() {
                return Err(ServiceError::abandoned());
            }
            let working = on_waiting_thread(move || {
                let done = run(&daemon, &permit, &|| presence.is_gone());
                // Ends with the work, whatever became of the connection that waits for it.
                drop(turn);
                done
            });
            working.await.map_err(|error| ServiceError { source: Some(Box::new(error)), ..fault() })?
        })
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now => "Now",
            Self::Later(_) => "Later",
        })
    }
}

/// What a caller is told about a fault in the daemon.
pub(super) fn fault() -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "a fault of the daemon; its log says more")
}

/// A request with a body longer than this that is held back is limited like a costly one.
pub(super) const LARGE_REQUEST: usize = 1024;

/// When an answer has to wait while the wait for a lost page lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Never: it cannot reveal a revocation, or is exempt for a reason given in the document.
    Never,
    /// Before the operation runs: it reveals earlier changes.
    Before,
    /// After the change is made: the service holds the answer back.
    After,
}

/// Runs work that waits for the disk on a thread for that, and wipes what it left on the stack.
pub(crate) fn on_waiting_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    spawn_blocking(move || {
        let done = work();
        wipe_stack();
        done
    })
}

/// Where the answer to one request goes.
#[derive(Debug)]
pub(crate) struct Reply<'o> {
    opcode: u16,
    request_id: u64,
    out: &'o mut Vec<u8>,
}

impl<'o> Reply<'o> {
    pub(super) const fn to(header: Header, out: &'o mut Vec<u8>) -> Self {
        Self { opcode: header.opcode, request_id: header.request_id, out }
    }

    /// An answer whose body is already encoded.
    pub(super) fn body(&mut self, body: &[u8]) {
        self.append(|out| {
            out.extend_from_slice(body);
            Ok(())
        });
    }

    #[inline]
    pub(super) fn append(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) {
        if append_answer_of(self.out, self.opcode, Status::Ok, self.request_id, encode).is_err() {
            let opcode = self.opcode;
            tracing::error!(opcode, "an answer does not fit a frame; please report this");
            self.fail(&too_long());
        }
    }

    #[cold]
    pub(super) fn fail(&mut self, error: &ServiceError) {
        let failure = Failure { message: error.message.clone() };
        let (opcode, request_id, status) = (self.opcode, self.request_id, status(error.kind));
        if append_answer(self.out, opcode, status, request_id, &failure).is_err() {
            let short = Failure { message: "the reason does not fit a frame; the log has it".to_owned() };
            // About sixty bytes: they fit.
            let _ = append_answer(self.out, opcode, status, request_id, &short);
        }
    }
}

/// An answer above the limit of a frame: a fault in the daemon.
pub(super) fn too_long() -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "the answer does not fit a frame")
}

/// The wire status for a kind of failure.
pub(super) const fn status(kind: ErrorKind) -> Status {
    match kind {
        ErrorKind::BadRequest => Status::BadRequest,
        ErrorKind::UnknownOpcode => Status::UnknownOpcode,
        ErrorKind::NotPermitted => Status::NotPermitted,
        ErrorKind::NotFound => Status::NotFound,
        ErrorKind::Conflict => Status::Conflict,
        ErrorKind::InvalidArgument => Status::InvalidArgument,
        ErrorKind::InvalidConfiguration => Status::InvalidConfiguration,
        ErrorKind::Busy => Status::Busy,
        ErrorKind::StorageUnavailable => Status::StorageUnavailable,
        ErrorKind::Damaged => Status::Damaged,
        ErrorKind::ShuttingDown => Status::ShuttingDown,
        ErrorKind::Internal => Status::Internal,
    }
}
