//! The streams of this process: answers, notes, colors, width.

use crate::failure::{Exit, Failure};
use crate::text::visible;
use clap::ValueEnum;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;
use zeroize::Zeroizing;

/// Bytes of the largest object that may hold a key: escaped, a user of 255 bytes and a label of 128 take at
/// most six times that, and the key and the field names take less than 500.
const SECRET_OBJECT_BYTES: usize = 4096;

/// When to color text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb
    Auto,
    /// Also into files and pipes
    Always,
    /// Never
    Never,
}

/// Colors, by what they tell.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    /// Valid, allowed.
    Good,
    /// Refused.
    Bad,
    /// Neither.
    Doubtful,
}

/// Where answers and notes go.
#[derive(Debug)]
pub(crate) struct Output {
    // Not std's handle: its buffer is never wiped, and a key may pass here.
    out: BufWriter<File>,
    closed: bool,
    json: bool,
    colors_stdout: bool,
    colors_stderr: bool,
    width: Option<u16>,
}

impl Output {
    /// For this process's streams.
    ///
    /// # Errors
    /// [`Failure`] when standard output cannot be duplicated.
    pub(crate) fn open(json: bool, color: Color) -> Result<Self, Failure> {
        let stdout = io::stdout();
        let out = stdout.as_fd().try_clone_to_owned().map_err(|error| write_failure(&error))?;
        Ok(Self {
            out: BufWriter::new(File::from(out)),
            closed: false,
            json,
            colors_stdout: wants_color(color, stdout.is_terminal()),
            colors_stderr: wants_color(color, io::stderr().is_terminal()),
            width: stdout.is_terminal().then(|| terminal_width(&stdout)),
        })
    }

    /// Whether answers are objects.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether standard error may be colored.
    pub(crate) const fn colors_stderr(&self) -> bool {
        self.colors_stderr
    }

    /// Columns of the terminal, if standard output is one.
    pub(crate) const fn width(&self) -> Option<u16> {
        self.width
    }

    /// Whether the reader has gone, so that a stream of answers can stop.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// A word in color, if standard output takes color.
    pub(crate) fn tinted(&self, word: &str, tone: Tone) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Doubtful => "33",
        };
        if self.colors_stdout { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    /// Writes one line of the answer. The caller has escaped text from elsewhere.
    ///
    /// # Errors
    /// [`Failure`] when the line cannot be written. A closed pipe is not a failure: its reader has read enough.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) -> Result<(), Failure> {
        self.raw(line.as_ref().as_bytes())?;
        self.raw(b"\n")
    }

    /// Writes one object as one line.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    pub(crate) fn object(&mut self, object: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(object).map_err(|error| Failure::internal(error.to_string()))?;
        self.line(text)
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = if self.closed { Ok(()) } else { self.out.write_all(bytes) };
        self.settle(written)
    }

    /// Flushes the buffer.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        let flushed = if self.closed { Ok(()) } else { self.out.flush() };
        self.settle(flushed)
    }

    /// Writes a line that holds a key, past every buffer that is not wiped. Here a closed pipe is an error: the key would be
    /// lost silently.
    ///
    /// # Errors
    /// That of the stream.
    pub(crate) fn secret_line(&mut self, line: &str) -> io::Result<()> {
        self.out.flush()?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(line.len() + 1));
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        self.out.get_mut().write_all(&bytes)
    }

    /// Writes an object that holds a key, as [`secret_line`](Self::secret_line).
    ///
    /// # Errors
    /// That of the stream.
    pub(crate) fn secret_object(&mut self, object: &impl Serialize) -> io::Result<()> {
        self.out.flush()?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_OBJECT_BYTES));
        serde_json::to_writer(&mut *bytes, object)?;
        bytes.push(b'\n');
        self.out.get_mut().write_all(&bytes)
    }

    /// Writes a note for people beside the answer. Not with `--json`, whose objects hold everything.
    pub(crate) fn note(&self, note: impl AsRef<str>) {
        if !self.json {
            self.warning(note);
        }
    }

    /// Writes a note that no answer holds, even with `--json`. A closed or full standard error is not a failure.
    #[expect(clippy::unused_self, reason = "notes go through the same place as answers")]
    pub(crate) fn warning(&self, note: impl AsRef<str>) {
        let _ = writeln!(io::stderr().lock(), "apikeyctl: {}", visible(note.as_ref()));
    }

    fn settle(&mut self, written: io::Result<()>) -> Result<(), Failure> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other.map_err(|error| write_failure(&error)),
        }
    }
}

/// Writes help, before any option is known.
pub(crate) fn write_help(text: &str) -> Exit {
    match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => write_failure(&error).report(false, false),
        Ok(()) | Err(_) => Exit::Done,
    }
}

fn write_failure(error: &io::Error) -> Failure {
    Failure::internal(format!("cannot write to standard output: {error}"))
}

/// <https://no-color.org>: set and not empty means no.
fn wants_color(color: Color, terminal: bool) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            terminal
                && !is_set("NO_COLOR")
                && std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
        }
    }
}

/// The width from COLUMNS, else from the kernel, else 80.
fn terminal_width(terminal: &impl AsFd) -> u16 {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let known = || rustix::termios::tcgetwinsize(terminal).ok().map(|size| size.ws_col);
    said.filter(|columns| *columns > 0).or_else(|| known().filter(|columns| *columns > 0)).unwrap_or(80)
}
