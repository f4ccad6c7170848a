//! Reads a key into a buffer of fixed size, which is wiped, and never more than fits.

use crate::failure::Failure;
use crate::terminal::{self, Reply};
use apikeyd_client::{ApiKey, KeyFormatError};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The longest key, the end of its line, and one byte more, which shows that there is too much.
const BUFFER_BYTES: usize = ApiKey::MAX_BYTES + "\r\n".len() + 1;

/// Where a key comes from.
#[derive(Debug)]
pub(crate) enum KeySource {
    /// Standard input: one line, or a prompt if it is a terminal.
    StandardInput,
    /// A file with one line.
    File(PathBuf),
}

/// Why the input is not a key. Says nothing of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAKey {
    /// The input was empty.
    Nothing,
    /// More than a key and the end of its line.
    TooMuch,
    /// A second line.
    SecondLine,
    /// One line, but not of a key.
    Format(KeyFormatError),
}

impl KeySource {
    /// Reads the key. One line feed at the end, or carriage return and line feed, is not part of it;
    /// everything else is.
    ///
    /// # Errors
    /// [`Failure`] when nothing can be read. Input that is not a key is not an error: it is refused.
    pub(crate) fn read(&self) -> Result<Result<ApiKey, NotAKey>, Failure> {
        let mut buffer = Zeroizing::new([0; BUFFER_BYTES]);
        let length = match self {
            Self::StandardInput if io::stdin().is_terminal() => {
                match terminal::ask_unseen("API key (not shown): ", &mut *buffer)? {
                    Reply::Line(length) => length,
                    Reply::EndOfInput => 0,
                    Reply::TooLong => return Ok(Err(NotAKey::TooMuch)),
                }
            }
            Self::StandardInput => fill(&mut StandardInput, &mut *buffer)
                .map_err(|error| Failure::internal(format!("cannot read standard input: {error}")))?,
            Self::File(path) => {
                File::open(path).and_then(|mut file| fill(&mut file, &mut *buffer)).map_err(|error| {
                    Failure::usage(format!("cannot read the key file {}: {error}", path.display()))
                })?
            }
        };
        Ok(parse(buffer.get(..length).unwrap_or_default()))
    }
}

/// Standard input without std's buffer, which is never wiped.
struct StandardInput;

impl Read for StandardInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(io::stdin(), buffer)?)
    }
}

/// Reads until the end, or until the buffer is full, so that an endless source does not block.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(bytes) => length += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn parse(text: &[u8]) -> Result<ApiKey, NotAKey> {
    let line = text.strip_suffix(b"\n").map_or(text, |line| line.strip_suffix(b"\r").unwrap_or(line));
    if line.is_empty() {
        Err(NotAKey::Nothing)
    } else if line.contains(&b'\n') {
        Err(NotAKey::SecondLine)
    } else if text.len() == BUFFER_BYTES {
        Err(NotAKey::TooMuch)
    } else {
        ApiKey::parse(line).map_err(NotAKey::Format)
    }
}

impl std::fmt::Display for NotAKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("no key was given"),
            Self::TooMuch => {
                write!(f, "this is longer than a key, which has at most {} characters", ApiKey::MAX_BYTES)
            }
            Self::SecondLine => f.write_str("there is more than one line; give one key"),
            Self::Format(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use apikeyd_protocol::key::KeyPrefix;

    fn refused(text: impl AsRef<[u8]>) -> Option<NotAKey> {
        let mut buffer = [0; BUFFER_BYTES];
        let length = fill(&mut text.as_ref(), &mut buffer).unwrap_or(0);
        parse(buffer.get(..length).unwrap_or_default()).err()
    }

    #[test]
    fn one_line_end_is_not_part_of_the_key() {
        for prefix in ["ab", "akd", "abcdefgh"] {
            let prefix = KeyPrefix::parse(prefix.as_bytes()).unwrap_or_default();
            let made = ApiKey::generate(&prefix, |bytes| {
                bytes.fill(7);
                Ok::<(), ()>(())
            });
            let Ok(key) = made else { unreachable!("the generator cannot fail") };
            let key = key.expose();
            for good in [key.to_owned(), format!("{key}\n"), format!("{key}\r\n")] {
                assert_eq!(refused(&good), None, "{good:?}");
            }
            for bad in [
                format!(" {key}"),
                format!("{key} "),
                format!("{key}\r"),
                format!("\u{feff}{key}"),
                format!("{key}\0"),
            ] {
                assert!(matches!(refused(&bad), Some(NotAKey::Format(_) | NotAKey::TooMuch)), "{bad:?}");
            }
            for more in [
                format!("{key}\n\n"),
                format!("{key}\n{key}\n"),
                format!("\n{key}"),
                format!("{key}\r\n\r\n"),
            ] {
                assert!(matches!(refused(&more), Some(NotAKey::SecondLine | NotAKey::TooMuch)), "{more:?}");
            }
        }
    }

    #[test]
    fn nothing_and_too_much_have_their_own_words() {
        assert_eq!(refused(""), Some(NotAKey::Nothing));
        assert_eq!(refused("\r\n"), Some(NotAKey::Nothing));
        assert_eq!(refused([0; 1 << 16]), Some(NotAKey::TooMuch));
    }
}
