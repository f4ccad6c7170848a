//! Asking the daemon through its own socket, as any client would.

use crate::front::reading;
use apikeyd_protocol::frame::{Frame, HEADER_BYTES, Status, append_request};
use apikeyd_protocol::hello::{Hello, Welcome, WelcomeCode};
use apikeyd_protocol::message::PolicyRows;
use apikeyd_protocol::operation::Opcode;
use std::io;
use std::path::Path;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

/// Connects to the socket's path, greets, and asks for policy rows that are not there: the status may be held back for
/// seconds after a start, which is no fault.
///
/// # Errors
/// When there is no good answer. The caller sets the time limit.
pub(crate) async fn ask(socket: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut request = Hello::CURRENT.encode().to_vec();
    append_request(&mut request, Opcode::PolicyRows, 1, &PolicyRows { from: u32::MAX })
        .map_err(io::Error::other)?;
    stream.write_all(&request).await?;
    let (mut answer, mut chunk) = (Vec::new(), [0; 1024]);
    loop {
        let count = reading::read(&stream, &mut chunk).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend(chunk.iter().take(count));
        if let Some(status) = status_in(&answer)? {
            return if status == Status::Ok { Ok(()) } else { Err(io::Error::other(status.name())) };
        }
    }
}

/// The status of the first answer behind the welcome, once its header is there.
fn status_in(bytes: &[u8]) -> io::Result<Option<Status>> {
    let Some((welcome, length)) = Welcome::decode(bytes).map_err(io::Error::other)? else { return Ok(None) };
    if welcome.code != WelcomeCode::Accepted {
        return Err(io::Error::other(welcome.code));
    }
    let rest = bytes.get(length..).unwrap_or_default();
    if rest.len() < HEADER_BYTES {
        return Ok(None);
    }
    let frame = Frame::split(rest).map_err(io::Error::other)?;
    Ok(frame.map(|(frame, _)| Status::from_code(frame.header.flags_or_status)))
}
