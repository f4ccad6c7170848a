//! Reads the files that people write: the configuration and the policy file.

use super::parse;
use super::place::CommandLine;
use super::place::Place;
use super::rights_section::Accounts;
use super::values::Config;
use super::written::ConfigError;
use apikeyd_keystore::domain::PolicySource;
use apikeyd_policy::{MAX_FILE_BYTES, PolicyTable};
use rustix::fs::{FileType, Mode, OFlags, lstat, open, stat};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Maximum size of a configuration file in bytes; the annotated example has a few thousand. The TOML parser may
/// use about a hundred times as much.
pub(super) const MAX_CONFIG_BYTES: usize = 64 * 1024;

/// Reads the configuration. If the command line names no file, it is the one at the default location, if there
/// is one; the caller, who knows what was in force before, decides whether it may be missing.
///
/// # Errors
/// [`ConfigError`] with every fault found, each with its file, line and column.
pub fn load(
    command_line: &CommandLine,
    place: &Place,
    accounts: &dyn Accounts,
) -> Result<Config, ConfigError> {
    let unread = |path: &Path, error: TextFileError| ConfigError::of_file(path, error.to_string());
    let (file, text) = match &command_line.config {
        Some(path) => {
            // The daemon remembers it, and the next start may run in another directory.
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let text = read_text(&path, MAX_CONFIG_BYTES).map_err(|error| unread(&path, error))?;
            (Some(path), text)
        }
        None => match place.default_config() {
            Some(path) => match read_if_there(path, MAX_CONFIG_BYTES).map_err(|error| unread(path, error))? {
                Some(text) => (Some(path.to_owned()), text),
                None => (None, String::new()),
            },
            None => (None, String::new()),
        },
    };
    parse::parse(&text, file, command_line, place, accounts)
}

const ROOT: u32 = 0;

/// Permission bits by which group and others may write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Why the file was not read. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextFileError {
    #[error("the file does not exist; put it back, create it, or name another one")]
    Missing,
    #[error("this is a dangling symbolic link; restore its target, or name another file")]
    Dangling,
    #[error("there are too many symbolic links in the path; put the file itself there")]
    TooManyLinks,
    #[error("the file may not be read by the daemon's user, uid {uid}; change its owner or its mode")]
    NotPermitted { uid: u32 },
    #[error(
        "a directory in the path may not be searched by the daemon's user, uid {uid}; change its owner or \
         its mode"
    )]
    NotSearchable { uid: u32 },
    #[error("this is not a regular file; put the file itself there")]
    NotRegular,
    #[error(
        "the file belongs to uid {owner} and not to root or the daemon's user (uid {uid}), so it cannot decide who may \
         do what; look at what it says, then run: chown root {path}"
    )]
    ForeignOwner { owner: u32, uid: u32, path: String },
    #[error(
        "its group or everybody may write the file, so it cannot decide who may do what; look at what it says, then \
         run: chmod go-w {0}"
    )]
    WritableByOthers(String),
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
/// [`TextFileError`]. Never reads more than `limit` bytes, and never waits on a FIFO or a device.
pub(crate) fn read_text(path: &Path, limit: usize) -> Result<String, TextFileError> {
    // NONBLOCK: opening a FIFO without a writer must not block the start.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(open(path, flags, Mode::empty()).map_err(|errno| unopened(path, errno))?);
    check(path, &file)?;
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

/// As [`read_text`]; `None` if there is certainly no such file.
///
/// # Errors
/// As [`read_text`], except [`TextFileError::Missing`]. A dangling link is not absence.
pub(crate) fn read_if_there(path: &Path, limit: usize) -> Result<Option<String>, TextFileError> {
    match read_text(path, limit) {
        Err(TextFileError::Missing) => Ok(None),
        read => read.map(Some),
    }
}

/// Whether only root or the daemon's user can have written the file.
fn check(path: &Path, file: &File) -> Result<(), TextFileError> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(TextFileError::NotRegular);
    }
    let (owner, uid) = (metadata.uid(), geteuid().as_raw());
    if owner != ROOT && owner != uid {
        return Err(TextFileError::ForeignOwner { owner, uid, path: path.display().to_string() });
    }
    if metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(TextFileError::WritableByOthers(path.display().to_string()));
    }
    Ok(())
}

fn unopened(path: &Path, errno: Errno) -> TextFileError {
    let uid = geteuid().as_raw();
    match errno {
        Errno::NOENT if leads_nowhere(path) => TextFileError::Dangling,
        Errno::NOENT => TextFileError::Missing,
        Errno::LOOP => TextFileError::TooManyLinks,
        // The error for opening a socket.
        Errno::NXIO => TextFileError::NotRegular,
        // stat needs no permission on the file, only on the directories above it.
        Errno::ACCESS if stat(path).err() == Some(Errno::ACCESS) => TextFileError::NotSearchable { uid },
        Errno::ACCESS => TextFileError::NotPermitted { uid },
        other => TextFileError::Read(other.into()),
    }
}

/// Whether the path ends at a dangling link: the file itself, or a directory above it.
fn leads_nowhere(path: &Path) -> bool {
    let there = path.ancestors().find_map(|part| Some((part, lstat(part).ok()?)));
    there.is_some_and(|(part, found)| {
        FileType::from_raw_mode(found.st_mode) == FileType::Symlink && stat(part).is_err()
    })
}

/// An unusable policy file. One line for each fault, `FILE:LINE:COLUMN: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyFileError(String);

/// Reads the table of a file, which must exist, or returns the compiled-in one.
///
/// # Errors
/// [`PolicyFileError`] with everything that is wrong with the file.
pub fn load_policy(source: &PolicySource) -> Result<PolicyTable, PolicyFileError> {
    let Some(file) = source.file() else { return Ok(PolicyTable::shipped()) };
    let name = file.display();
    let text =
        read_text(file, MAX_FILE_BYTES).map_err(|error| PolicyFileError(format!("{name}: {error}")))?;
    PolicyTable::parse(&text).map_err(|diagnostics| {
        let lines: Vec<_> = diagnostics
            .iter()
            .map(|fault| format!("{name}:{}:{}: {}", fault.line, fault.column, fault.message))
            .collect();
        PolicyFileError(lines.join("\n"))
    })
}
