//! From a frame to its operation, and back.

use super::daemon::Caller;
use super::daemon::Daemon;
use super::descriptors::Enclosed;
use super::serve::Reply;
use super::serve::{Body, Call, Running, Serve, Served, fault};
use super::serve::{Hold, LARGE_REQUEST};
use crate::operations::error::{ErrorKind, ServiceError};
use crate::operations::permit::authorise;
use apikeyd_protocol::codec::DecodeError;
use apikeyd_protocol::frame::{Frame, Header};
use apikeyd_protocol::operation::{self, Opcode};
use core::fmt;
use std::sync::Arc;

/// The outcome of a frame.
#[derive(Debug)]
pub(crate) enum Dispatched {
    /// The answer has been appended.
    Answered,
    /// The answer comes once this has been run.
    Later(Later),
}

/// A request that was read and waits to be run.
#[derive(Debug)]
pub(crate) struct Later {
    header: Header,
    opcode: Opcode,
    caller: Caller,
    asked: Asked,
}

enum Asked {
    Running(Running),
    /// The body of a request that is answered from memory, but not yet.
    Held(Vec<u8>),
}

/// The outcome of work beside the connection.
#[derive(Debug)]
pub(crate) enum Finished {
    /// A request is answered.
    Answer {
        /// The whole frame.
        frame: Vec<u8>,
        /// A descriptor that accompanies it.
        enclosed: Option<Enclosed>,
    },
    /// Whether it could be recorded that the caller has a backup.
    Recorded(bool),
}

impl Daemon {
    /// Answers a frame, or returns how it will be answered.
    #[inline]
    pub(crate) fn dispatch(
        self: &Arc<Self>,
        caller: &Caller,
        frame: &Frame<'_>,
        out: &mut Vec<u8>,
    ) -> Dispatched {
        let Some(opcode) = Opcode::from_code(frame.header.opcode) else {
            Reply::to(frame.header, out).fail(&unknown(frame.header.opcode));
            return Dispatched::Answered;
        };
        // Every operation is covered: a new one does not compile until it is served.
        macro_rules! route {
            ($($name:ident)*) => {
                match opcode { $(Opcode::$name => self.serve::<operation::$name>(caller, frame, out),)* }
            };
        }
        let served = apikeyd_protocol::for_each_operation!(route);
        served.unwrap_or_else(|error| {
            self.note(&caller.peer, opcode, &error);
            Reply::to(frame.header, out).fail(&error);
            Dispatched::Answered
        })
    }

    #[inline]
    fn serve<O: Serve>(
        self: &Arc<Self>,
        caller: &Caller,
        frame: &Frame<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Dispatched, ServiceError> {
        // First of all: a caller without the right learns nothing about the body.
        let permit = authorise::<O::Right>(caller.standing, &caller.peer)?;
        let later = |asked| {
            let (header, opcode, caller) = (frame.header, O::OPCODE, caller.clone());
            Ok(Dispatched::Later(Later { header, opcode, caller, asked }))
        };
        if O::HOLD == Hold::Before && !self.service.is_settled() {
            return later(Asked::Held(frame.body.to_vec()));
        }
        let request = O::decode_request(frame.body).map_err(|error| undecodable(&error))?;
        let reply = Reply::to(frame.header, out);
        match O::serve(Call { daemon: self, caller, permit, request, reply })? {
            Served::Now => Ok(Dispatched::Answered),
            Served::Later(running) => later(Asked::Running(running)),
        }
    }

    /// Whether a request costs far more disk or processor time than most, or is held back with a long body, so
    /// that only few of a connection may wait at a time.
    pub(crate) fn is_costly(&self, frame: &Frame<'_>) -> bool {
        let Some(opcode) = Opcode::from_code(frame.header.opcode) else { return false };
        macro_rules! cost {
            ($($name:ident)*) => {
                match opcode {
                    $(Opcode::$name => (<operation::$name as Serve>::IS_COSTLY, <operation::$name as Serve>::HOLD),)*
                }
            };
        }
        let (is_costly, hold) = apikeyd_protocol::for_each_operation!(cost);
        is_costly || (frame.body.len() > LARGE_REQUEST && hold == Hold::Before && !self.service.is_settled())
    }

    /// A caller's current rights.
    fn standing_now(&self, caller: Caller) -> Caller {
        let standing = self.service.standing(|| self.reload.rights().load().of(&caller.peer));
        Caller { standing, ..caller }
    }
}

impl Later {
    /// The header of the request, with the id that the caller chose.
    pub(crate) const fn header(&self) -> Header {
        self.header
    }

    /// Does the work. Must be run to its end once begun: a change that was begun is completed.
    pub(crate) async fn run(self, daemon: Arc<Daemon>) -> Finished {
        let Self { header, opcode, caller, asked } = self;
        let mut frame = Vec::new();
        let running = match asked {
            Asked::Running(running) => Some(running),
            Asked::Held(body) => {
                daemon.service.settled().await;
                // With the current rights.
                let caller = daemon.standing_now(caller.clone());
                match daemon.dispatch(&caller, &Frame { header, body: &body }, &mut frame) {
                    Dispatched::Answered => return Finished::Answer { frame, enclosed: None },
                    Dispatched::Later(Self { asked: Asked::Running(running), .. }) => Some(running),
                    Dispatched::Later(Self { asked: Asked::Held(_), .. }) => None,
                }
            }
        };
        let outcome = match running {
            Some(running) => running.await,
            None => Err(fault()),
        };
        let mut reply = Reply::to(header, &mut frame);
        match outcome {
            Ok(Body { bytes, enclosed }) => {
                reply.body(&bytes);
                Finished::Answer { frame, enclosed }
            }
            Err(error) => {
                daemon.note(&caller.peer, opcode, &error);
                reply.fail(&error);
                Finished::Answer { frame, enclosed: None }
            }
        }
    }
}

/// The answer to a request whose work was aborted by a fault in the daemon.
pub(crate) fn fault_of_the_daemon(header: Header) -> Vec<u8> {
    let mut frame = Vec::new();
    Reply::to(header, &mut frame).fail(&fault());
    frame
}

#[cold]
fn unknown(opcode: u16) -> ServiceError {
    ServiceError::new(ErrorKind::UnknownOpcode, format!("this daemon does not know the opcode {opcode}"))
}

#[cold]
fn undecodable(error: &DecodeError) -> ServiceError {
    ServiceError::new(ErrorKind::BadRequest, error.to_string())
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running(_) => "Running",
            Self::Held(_) => "Held",
        })
    }
}
