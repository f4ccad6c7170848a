//! Reading a text file that a person wrote and that decides who may do what.

use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Why the file was not read. Says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextFileError {
    #[error("the file does not exist; create it, or name another one")]
    Missing,
    #[error(
        "the file may not be read by this user; change its permissions, or start the daemon as another user"
    )]
    NotPermitted,
    #[error("this is not a regular file")]
    NotRegular,
    #[error("anybody may write the file, so it cannot decide who may do what; run: chmod o-w {0}")]
    WritableByAnybody(String),
    #[error("the file has more than {limit} bytes, which is the limit")]
    TooLarge { limit: usize },
    #[error("byte {at} is not UTF-8; save the file as UTF-8")]
    NotUtf8 { at: usize },
    #[error("the file could not be read: {0}")]
    Read(#[from] io::Error),
}

/// Reads the whole file. A byte order mark at its start is not part of the text.
///
/// # Errors
/// [`TextFileError`]. More than `limit` bytes are never read, and a FIFO or a device is never waited for.
pub(crate) fn read_text(path: &Path, limit: usize) -> Result<String, TextFileError> {
    // NONBLOCK: opening a FIFO that nobody writes must not hang the start.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
        rustix::io::Errno::NOENT => TextFileError::Missing,
        rustix::io::Errno::ACCESS => TextFileError::NotPermitted,
        other => TextFileError::Read(other.into()),
    })?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(TextFileError::NotRegular);
    }
    if metadata.mode() & 0o002 != 0 {
        return Err(TextFileError::WritableByAnybody(path.display().to_string()));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(TextFileError::TooLarge { limit });
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| TextFileError::NotUtf8 { at: error.utf8_error().valid_up_to() })?;
    Ok(match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
