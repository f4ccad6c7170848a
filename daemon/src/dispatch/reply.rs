//! One answer on its way into a connection's buffer.

use crate::service::ServiceError;
use apikeyd_protocol::codec::{self, EncodeError};
use apikeyd_protocol::frame::{Header, Status, append_answer, append_answer_of};
use apikeyd_protocol::message::{Failure, Verdict};
use serde::Serialize;

/// Where the answer to one request goes.
pub(super) struct Reply<'o> {
    opcode: u16,
    request_id: u64,
    out: &'o mut Vec<u8>,
}

impl<'o> Reply<'o> {
    pub(super) const fn to(header: Header, out: &'o mut Vec<u8>) -> Self {
        Self { opcode: header.opcode, request_id: header.request_id, out }
    }

    pub(super) fn ok<T: Serialize>(&mut self, message: &T) {
        self.append(|out| codec::encode(message, out));
    }

    pub(super) fn verdict(&mut self, verdict: &Verdict<'_>) {
        self.append(|out| verdict.encode(out));
    }

    #[inline]
    fn append(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) {
        if append_answer_of(self.out, self.opcode, Status::Ok, self.request_id, encode).is_err() {
            let opcode = self.opcode;
            tracing::error!(opcode, "an answer does not fit a frame; please report it");
            self.fail(&ServiceError::new(Status::Internal, "the answer does not fit a frame"));
        }
    }

    pub(super) fn fail(&mut self, error: &ServiceError) {
        let failure = Failure { message: error.message.clone() };
        let (opcode, request_id) = (self.opcode, self.request_id);
        if append_answer(self.out, opcode, error.status, request_id, &failure).is_err() {
            let short = Failure { message: "the reason does not fit a frame; the journal has it".to_owned() };
            // Some sixty bytes: they fit.
            let _ = append_answer(self.out, opcode, error.status, request_id, &short);
        }
    }
}
