//! One answer on its way into a connection's buffer, and the one place where a kind of failure becomes a status of the
//! wire.

use crate::operations::error::{ErrorKind, ServiceError};
use apikeyd_protocol::codec::EncodeError;
use apikeyd_protocol::frame::{Header, Status, append_answer, append_answer_of};
use apikeyd_protocol::message::Failure;

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

    /// An answer whose body is encoded already.
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
            tracing::error!(opcode, "an answer does not fit a frame; please report it");
            self.fail(&too_long());
        }
    }

    #[cold]
    pub(super) fn fail(&mut self, error: &ServiceError) {
        let failure = Failure { message: error.message.clone() };
        let (opcode, request_id, status) = (self.opcode, self.request_id, status(error.kind));
        if append_answer(self.out, opcode, status, request_id, &failure).is_err() {
            let short = Failure { message: "the reason does not fit a frame; the log has it".to_owned() };
            // Some sixty bytes: they fit.
            let _ = append_answer(self.out, opcode, status, request_id, &short);
        }
    }
}

/// An answer above the limit of a frame: a fault of the daemon.
pub(super) fn too_long() -> ServiceError {
    ServiceError::new(ErrorKind::Internal, "the answer does not fit a frame")
}

/// What a kind of failure is on the wire.
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
