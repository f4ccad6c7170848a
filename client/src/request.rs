//! A request and its answer as the exchange sends and reads them. What belongs to which operation is a row of
//! [`apikeyd_protocol::operation`].

use crate::error::{Error, ProtocolError};
use crate::verdict::Judged;
use apikeyd_protocol::codec::{self, EncodeError};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{self as wire, Empty, Failure, PolicyVerdict};
use apikeyd_protocol::operation::{self, Opcode, Operation};
use serde::de::DeserializeOwned;

/// A request, and how its answer is read.
pub(crate) trait Request {
    /// The operation.
    const OPCODE: Opcode;

    /// What comes back.
    type Answer;

    /// Appends the body.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Reads the body of an answer of status `Ok`.
    fn read(body: &[u8]) -> Result<Self::Answer, ProtocolError>;
}

/// The request of a row whose answer borrows nothing: of all but two.
#[derive(Debug)]
pub(crate) struct Asked<'r, 'a, O: Operation>(&'r O::Request<'a>);

/// A request of an operation.
pub(crate) const fn asked<'r, 'a, O: Operation>(request: &'r O::Request<'a>) -> Asked<'r, 'a, O> {
    Asked(request)
}

/// The request of those operations that ask for nothing in particular.
pub(crate) const EMPTY: Empty = Empty {};

impl<O> Request for Asked<'_, '_, O>
where
    O: Operation,
    O::Answer<'static>: DeserializeOwned,
{
    const OPCODE: Opcode = O::OPCODE;
    type Answer = O::Answer<'static>;
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        O::encode_request(self.0, out)
    }
    fn read(body: &[u8]) -> Result<Self::Answer, ProtocolError> {
        Ok(codec::decode(body)?)
    }
}

/// Reads an answer of any status.
pub(crate) fn read_answer<R: Request>(status: Status, body: &[u8]) -> Result<R::Answer, Error> {
    if status == Status::Ok {
        return Ok(R::read(body)?);
    }
    let failure: Failure = codec::decode(body).map_err(ProtocolError::from)?;
    Err(Error::Answered { status, message: failure.message })
}

/// The policy table's verdict on an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyAnswer {
    /// The verdict.
    pub verdict: PolicyVerdict,
    /// The row or the reason, in words.
    pub because: String,
}

impl Request for wire::Validate<'_> {
    const OPCODE: Opcode = operation::Validate::OPCODE;
    type Answer = Judged;
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        operation::Validate::encode_request(self, out)
    }
    fn read(body: &[u8]) -> Result<Judged, ProtocolError> {
        operation::Validate::decode_answer(body)?.try_into()
    }
}

impl Request for wire::Operation<'_> {
    const OPCODE: Opcode = operation::PolicyTest::OPCODE;
    type Answer = PolicyAnswer;
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        operation::PolicyTest::encode_request(self, out)
    }
    fn read(body: &[u8]) -> Result<PolicyAnswer, ProtocolError> {
        let answer = operation::PolicyTest::decode_answer(body)?;
        Ok(PolicyAnswer { verdict: answer.verdict, because: answer.because.into() })
    }
}
