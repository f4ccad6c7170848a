//! For each operation: its opcode, its answer, and whether it may be sent twice.

use crate::error::{Error, ProtocolError};
use crate::verdict::Judged;
use apikeyd_protocol::codec::{self, EncodeError};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{self as wire, Empty, Failure, PolicyVerdict};
use apikeyd_protocol::operation::Opcode;
use serde::Serialize;

/// A request and what belongs to it.
pub(crate) trait Request: Serialize {
    /// Its code.
    const OPCODE: Opcode;

    /// Whether sending it again after an answer was lost asks for nothing that was not asked for before.
    /// All but two are so by the protocol: a repeated `Generate` makes a second draft, whose key is another
    /// one, and a repeated `Backup` a second audit row.
    const REPEATABLE: bool = true;

    /// What comes back.
    type Answer;

    /// Appends the body.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode(self, out)
    }

    /// Reads the body of an answer of status `Ok`.
    fn read(body: &[u8]) -> Result<Self::Answer, ProtocolError>;
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

macro_rules! requests {
    ($( $request:ty => $opcode:ident, $answer:ty $(, repeatable: $repeatable:literal)?; )*) => { $(
        impl Request for $request {
            const OPCODE: Opcode = Opcode::$opcode;
            $( const REPEATABLE: bool = $repeatable; )?
            type Answer = $answer;
            fn read(body: &[u8]) -> Result<Self::Answer, ProtocolError> {
                Ok(codec::decode(body)?)
            }
        }
    )* };
}

/// Requests whose body is empty differ by type, so that each has its own answer.
macro_rules! empty_requests {
    ($( $(#[doc = $doc:literal])* $name:ident; )*) => { $(
        $(#[doc = $doc])*
        #[derive(Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name(Empty);

        impl $name {
            pub(crate) const ASK: Self = Self(Empty {});
        }
    )* };
}

empty_requests! {
    /// The daemon's status.
    AskStatus;
    /// The revocation page.
    AskPage;
    /// The hash of the policy table.
    AskPolicySummary;
    /// The daemon's counters.
    AskStatistics;
    /// The files in force.
    AskFilesInForce;
    /// A reload of the policy and the rights.
    AskReload;
    /// A copy of the database.
    AskBackup;
}

requests! {
    AskStatus => Status, wire::DaemonStatus;
    AskPage => RevocationPage, wire::PageReady;
    wire::ReportUses => ReportUses, wire::Empty;
    wire::PolicyRows => PolicyRows, wire::PolicyPage;
    AskPolicySummary => PolicySummary, wire::PolicySummary;
    wire::Generate => Generate, wire::Generated, repeatable: false;
    wire::Save => Save, wire::Saved;
    wire::RetrieveUser => RetrieveUser, wire::KeyRecord;
    wire::RetrieveKey => RetrieveKey, wire::KeyRecord;
    wire::Delete => Delete, wire::Deleted;
    wire::CredentialsChanged => CredentialsChanged, wire::UserRevoked;
    wire::DeleteUser => DeleteUser, wire::UserRevoked;
    wire::List => List, wire::KeyPage;
    wire::AuditList => AuditList, wire::AuditPage;
    wire::AuditVerify => AuditVerify, wire::AuditReport;
    AskStatistics => Statistics, wire::Statistics;
    AskFilesInForce => FilesInForce, wire::FilesInForce;
    AskReload => Reload, wire::Reloaded;
    AskBackup => Backup, wire::BackupReady, repeatable: false;
}

impl Request for wire::Validate<'_> {
    const OPCODE: Opcode = Opcode::Validate;
    type Answer = Judged;
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        wire::Validate::encode(self, out)
    }
    fn read(body: &[u8]) -> Result<Judged, ProtocolError> {
        codec::decode::<wire::Verdict<'_>>(body)?.try_into()
    }
}

impl Request for wire::Operation<'_> {
    const OPCODE: Opcode = Opcode::PolicyTest;
    type Answer = PolicyAnswer;
    fn read(body: &[u8]) -> Result<PolicyAnswer, ProtocolError> {
        let answer: wire::PolicyAnswer<'_> = codec::decode(body)?;
        Ok(PolicyAnswer { verdict: answer.verdict, because: answer.because.into() })
    }
}
