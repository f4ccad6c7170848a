//! `backup`: a file that is there whole, synced and private, or not at all.

use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::text::head_text;
use apikeyd_client::{Backup, Client};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The answer of `backup`, see JSON.md.
#[derive(Serialize)]
struct BackupObject {
    bytes: u64,
    head: String,
}

pub(super) fn run(client: &Client, path: &Path, output: &mut Output) -> Result<Exit, Failure> {
    // Made before the daemon is asked: a copy that has no place to go need not be made, and leaves no row in
    // the audit.
    let mut target = Target::create(path)?;
    let mut backup = client.backup()?;
    target.fill(&mut backup).map_err(|error| unwritable(path, &error))?;
    target.keep().map_err(|error| unwritable(path, &error))?;
    let (bytes, head) = (backup.ready.bytes, head_text(&backup.ready.head));
    if output.is_json() {
        output.object(&BackupObject { bytes, head })?;
    } else {
        output.note(format!("wrote {bytes} bytes; keep the audit head {head}"));
    }
    Ok(Exit::Done)
}

/// A new file, removed again unless it is kept, by a signal, too.
struct Target {
    file: File,
    path: PathBuf,
    partial: Partial,
}

/// The name of a file that is not whole; nothing once it is.
#[derive(Clone)]
struct Partial(Arc<Mutex<Option<PathBuf>>>);

impl Partial {
    fn remove(&self) {
        let path = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        // It was made by this process just now; if it cannot be removed, what led here is what the user has
        // to know.
        let _ = path.map(fs::remove_file);
    }

    /// Removes the file when a signal ends the program.
    fn remove_on_signals(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let partial = self.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                partial.remove();
                let _ = emulate_default_handler(signal);
            }
        })?;
        Ok(())
    }
}

impl Target {
    fn create(path: &Path) -> Result<Self, Failure> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(CWD, path, flags, Mode::RUSR | Mode::WUSR).map_err(|error| match error {
            Errno::EXIST => Failure::new(
                Exit::Conflict,
                format!("{} exists; a backup makes a new file, give another name", path.display()),
            ),
            error => Failure::usage(format!("cannot make {}: {error}", path.display())),
        })?;
        let partial = Partial(Arc::new(Mutex::new(Some(path.to_owned()))));
        let target = Self { file: file.into(), path: path.to_owned(), partial };
        target.partial.remove_on_signals().map_err(|error| unwritable(path, &error))?;
        Ok(target)
    }

    fn fill(&mut self, backup: &mut Backup) -> io::Result<()> {
        let copied = io::copy(&mut backup.file, &mut self.file)?;
        if copied != backup.ready.bytes {
            return Err(io::Error::other(format!("{copied} of {} bytes came", backup.ready.bytes)));
        }
        self.file.sync_all()
    }

    /// Makes the name last, too.
    fn keep(self) -> io::Result<()> {
        let directory =
            self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory)?.sync_all()?;
        *self.partial.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.partial.remove();
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::internal(format!("cannot write the backup {}: {error}; nothing is left there", path.display()))
}
