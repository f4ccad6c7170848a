//! The protocol of one connection, without IO: what to send, what was answered, what is wrong.
//!
//! ```text
//!  driver                              exchange
//!  sends HELLO, reads into Inbox ────► welcome()            Welcome, or the refusal as an error
//!  Outbox::new(&welcome)
//!  outbox.push(request, ticket)  ────► a frame in Sending   the driver sends its bytes
//!  reads into inbox.room()       ────► next_answer(…)       the ticket, and the body lent to a closure
//! ```
//!
//! Both clients use it and nothing else. The outbox and the inbox are two values, so that one task can read while
//! others send. Bytes that were sent or read are wiped at once: requests hold digests, and
//! the answer to `Generate` holds a key.

mod inbox;
mod outbox;
mod sending;

pub(crate) use inbox::Inbox;
pub(crate) use outbox::Outbox;
#[cfg(feature = "tokio")]
pub(crate) use outbox::{Abandoned, in_flight};
#[cfg(feature = "tokio")]
pub(crate) use sending::Sending;

use crate::error::{Error, ProtocolError};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::{HELLO_BYTES, Hello, VERSION, Welcome, WelcomeCode};

/// The first bytes of every connection.
pub(crate) fn hello() -> [u8; HELLO_BYTES] {
    Hello::CURRENT.encode()
}

/// Takes the welcome, once all of it has been read.
pub(crate) fn welcome(inbox: &mut Inbox) -> Result<Option<Welcome>, Error> {
    let Some(welcome) = inbox.welcome()? else { return Ok(None) };
    if welcome.code != WelcomeCode::Accepted {
        return Err(Error::Refused { code: welcome.code, version: welcome.version });
    }
    if welcome.version.major != VERSION.major || welcome.version > VERSION {
        return Err(ProtocolError::Version(welcome.version).into());
    }
    Ok(Some(welcome))
}

/// Takes one answer, once all of it has been read: finds the request that it answers and lends the status and the body.
pub(crate) fn next_answer<W, T>(
    inbox: &mut Inbox,
    outbox: &mut Outbox<W>,
    read: impl FnOnce(W, Status, &[u8]) -> T,
) -> Result<Option<T>, ProtocolError> {
    inbox
        .frame(|frame| {
            let ticket = outbox.settle(&frame.header)?;
            Ok(read(ticket, Status::from_code(frame.header.flags_or_status), frame.body))
        })?
        .transpose()
}

#[cfg(test)]
mod tests;
