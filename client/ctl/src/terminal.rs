//! Questions on a terminal. An interrupt ends them like any other program, but the terminal first gets back
//! the mode that it had.

use crate::failure::{Exit, Failure};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};
use std::io::{self, Read, Stdin, Write};
use std::os::unix::net::UnixStream;

/// What came in reply to a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// So many bytes, without the line's end.
    Line(usize),
    /// More bytes than the buffer takes; the rest of the line is gone.
    TooLong,
    /// The end of the input and no line.
    EndOfInput,
}

/// Asks a question that `y` or `yes` answers with yes, and everything else, nothing included, with no.
///
/// # Errors
/// [`Exit::Interrupted`] for a signal, [`Exit::Internal`] when the terminal cannot be read.
pub(crate) fn confirm(question: &str) -> Result<bool, Failure> {
    let mut answer = [0; 8];
    let reply = ask(&format!("{question} [y/N] "), &mut answer, Echo::Shown)?;
    if reply == Reply::EndOfInput {
        say("\n");
    }
    let Reply::Line(length) = reply else { return Ok(false) };
    let answer = answer.get(..length).unwrap_or_default().trim_ascii();
    Ok(answer.eq_ignore_ascii_case(b"y") || answer.eq_ignore_ascii_case(b"yes"))
}

/// Asks for a line that is not shown while it is typed.
///
/// # Errors
/// As [`confirm`].
pub(crate) fn ask_unseen(question: &str, answer: &mut [u8]) -> Result<Reply, Failure> {
    ask(question, answer, Echo::Silent)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Echo {
    Shown,
    Silent,
}

fn ask(question: &str, answer: &mut [u8], echo: Echo) -> Result<Reply, Failure> {
    let signals = Signals::listen()
        .map_err(|error| Failure::internal(format!("cannot listen for signals: {error}")))?;
    let unreadable = |error: io::Error| Failure::internal(format!("cannot read from the terminal: {error}"));
    let silence = match echo {
        Echo::Silent => Some(Silence::begin().map_err(|error| unreadable(error.into()))?),
        Echo::Shown => None,
    };
    say(question);
    let reply = read_line(answer, &signals);
    if silence.is_some() {
        // The line feed that was typed was not shown either.
        say("\n");
    }
    drop(silence);
    match reply.map_err(unreadable)? {
        Ok(reply) => Ok(reply),
        Err(signal) => {
            if echo == Echo::Shown {
                say("\n");
            }
            Err(Failure::new(Exit::Interrupted { signal }, "interrupted"))
        }
    }
}

/// One line of standard input, or the signal that came first.
fn read_line(answer: &mut [u8], signals: &Signals) -> io::Result<Result<Reply, i32>> {
    let stdin = io::stdin();
    let mut length = 0;
    let mut fits = true;
    loop {
        if let Some(signal) = signals.wait_for_input(&stdin)? {
            return Ok(Err(signal));
        }
        // One byte at a time, past std's buffer: that one is never wiped.
        let mut byte = [0];
        match rustix::io::read(&stdin, &mut byte) {
            Ok(0) if length == 0 => return Ok(Ok(Reply::EndOfInput)),
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) => match answer.get_mut(length) {
                Some(place) => {
                    [*place] = byte;
                    length += 1;
                }
                None => fits = false,
            },
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Ok(if fits { Reply::Line(length) } else { Reply::TooLong }))
}

/// Standard error, where questions stand: standard output may be a file.
fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// While it lives, what is typed is not shown.
struct Silence {
    before: Termios,
}

impl Silence {
    fn begin() -> rustix::io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // Flush: what was typed before the question was shown on the screen and is no answer to it.
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // There is nobody to tell but the terminal that cannot be set.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Signals that would end the program, held back while it asks.
struct Signals {
    pipes: Vec<(i32, UnixStream, SigId)>,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let mut signals = Self { pipes: Vec::new() };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let (here, there) = UnixStream::pair()?;
            here.set_nonblocking(true)?;
            signals.pipes.push((signal, here, pipe::register(signal, there)?));
        }
        Ok(signals)
    }

    /// Waits until standard input has something to read, or its end: `None`; or a signal came.
    fn wait_for_input(&self, stdin: &Stdin) -> io::Result<Option<i32>> {
        loop {
            let mut waited: Vec<PollFd<'_>> =
                self.pipes.iter().map(|(_, pipe, _)| PollFd::new(pipe, PollFlags::IN)).collect();
            waited.push(PollFd::new(stdin, PollFlags::IN));
            match poll(&mut waited, None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let came = waited.pop().is_some_and(|input| !input.revents().is_empty());
            drop(waited);
            if let Some((signal, ..)) =
                self.pipes.iter().find(|(_, pipe, _)| (&mut &*pipe).read(&mut [0]).is_ok())
            {
                return Ok(Some(*signal));
            }
            if came {
                return Ok(None);
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for (_, _, id) in &self.pipes {
            unregister(*id);
        }
    }
}
