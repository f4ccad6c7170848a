//! The directory of the store: who may access it, and its files, opened without following links.

use crate::disk::Disk;
use crate::open_error::OpenError;
use redb::StorageBackend;
use redb::backends::FileBackend;
use rustix::fs::{self, Advice, AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, Stat, fadvise};
use rustix::io::Errno;
use rustix::system::sysinfo;
use std::fs::File;
use std::io::{self, Write as _};
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread::Builder;

/// The database's name.
pub(crate) const DATABASE: &str = "apikeyd.redb";
const PROBE: &str = ".probe";
/// More than redb requests when it grows a small file, so that a disk with one last free block still counts as
/// full.
const PROBE_BYTES: usize = 1024 * 1024;

const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The state directory, locked: one daemon for each. The lock is on the directory itself, so that a second
/// daemon stops before it touches a file, even while the first one makes them.
#[derive(Debug)]
pub(crate) struct StateDir {
    dir: OwnedFd,
    root: PathBuf,
    database: PathBuf,
}

impl StateDir {
    /// Opens and locks the directory.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = fs::openat(CWD, path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => OpenError::StateDirMissing { path: path.into() },
            Errno::NOTDIR => OpenError::StateDirNotDirectory { path: path.into() },
            Errno::ACCESS => OpenError::NoPermission { path: path.into(), source: errno.into() },
            other => OpenError::Io { action: "open", path: path.into(), source: other.into() },
        })?;
        let stat = fs::fstat(&dir).map_err(|errno| failed("look at", path)(errno.into()))?;
        let wanted = rustix::process::geteuid().as_raw();
        if stat.st_uid != wanted && stat.st_uid != 0 {
            return Err(OpenError::ForeignOwner { path: path.into(), owner: stat.st_uid, wanted });
        }
        if stat.st_mode & 0o022 != 0 {
            return Err(OpenError::StateDirTooOpen { path: path.into(), mode: stat.st_mode & 0o7777 });
        }
        match fs::flock(&dir, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { dir, database: path.join(DATABASE), root: path.into() }),
            Err(Errno::WOULDBLOCK) => Err(OpenError::InUse { path: path.into() }),
            Err(errno) => Err(failed("lock", path)(errno.into())),
        }
    }

    /// Device and inode of the directory, which a copy of it does not share.
    pub(crate) fn identity(&self) -> Result<(u64, u64), OpenError> {
        let stat = fs::fstat(&self.dir).map_err(|errno| failed("look at", &self.root)(errno.into()))?;
        Ok((stat.st_dev, stat.st_ino))
    }

    /// The full path of a file.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Whether a name exists, whatever it is.
    pub(crate) fn has(&self, name: &str) -> Result<bool, OpenError> {
        match fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(failed("look at", &self.at(name))(errno.into())),
        }
    }

    /// Opens a file that must exist, be plain, private and the daemon's own.
    pub(crate) fn open_private(&self, name: &str, access: OFlags) -> Result<(File, Stat), OpenError> {
        let path = self.at(name);
        let (file, stat) = open_plain(&self.dir, Path::new(name), &path, access)?;
        let wanted = rustix::process::geteuid().as_raw();
        let mode = stat.st_mode & 0o7777;
        if stat.st_uid != wanted {
            return Err(OpenError::ForeignOwner { path, owner: stat.st_uid, wanted });
        }
        if mode & 0o7177 != 0 {
            return Err(OpenError::ModeTooOpen { path, mode });
        }
        if access.contains(OFlags::RDWR) && mode & 0o200 == 0 {
            return Err(OpenError::ReadOnly { path });
        }
        Ok((file, stat))
    }

    /// Makes a new file, 0600 under any umask. Removes a leftover with that name first; only an interrupted
    /// first start leaves one.
    pub(crate) fn create_private(&self, name: &str) -> Result<File, OpenError> {
        let path = self.at(name);
        match fs::unlinkat(&self.dir, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed("remove", &path)(errno.into())),
        }
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::openat(&self.dir, name, flags, PRIVATE)
            .and_then(|file| fs::fchmod(&file, PRIVATE).map(|()| file))
            .map_err(|errno| failed("create", &path)(errno.into()))?;
        Ok(file.into())
    }

    /// Gives a file its final name and makes that durable.
    pub(crate) fn publish(&self, from: &str, to: &str) -> Result<(), OpenError> {
        fs::renameat(&self.dir, from, &self.dir, to)
            .map_err(io::Error::from)
            .map_err(failed("rename into place", &self.at(to)))?;
        self.sync()
    }

    /// Makes the directory's names durable.
    pub(crate) fn sync(&self) -> Result<(), OpenError> {
        fs::fsync(&self.dir).map_err(io::Error::from).map_err(failed("sync", &self.root))
    }
}

/// Opens a file that must exist and be plain. Never follows a link in its last component, never waits on a
/// FIFO.
pub(crate) fn open_plain(
    dir: impl std::os::fd::AsFd,
    name: &Path,
    path: &Path,
    access: OFlags,
) -> Result<(File, Stat), OpenError> {
    let not_a_file = |is| OpenError::NotAFile { path: path.into(), is };
    let dir = dir.as_fd();
    let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file: File = match fs::openat(dir, name, flags, Mode::empty()) {
        Ok(file) => file.into(),
        Err(Errno::LOOP) => return Err(not_a_file("a symbolic link")),
        Err(Errno::ISDIR) => return Err(not_a_file("a directory")),
        Err(Errno::NXIO) => return Err(not_a_file("a socket or a pipe")),
        Err(Errno::ROFS) => return Err(OpenError::ReadOnly { path: path.into() }),
        Err(errno @ (Errno::ACCESS | Errno::PERM)) => return Err(no_permission(dir, name, path, errno)),
        Err(errno) => return Err(failed("open", path)(errno.into())),
    };
    let stat = fs::fstat(&file).map_err(io::Error::from).map_err(failed("look at", path))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((file, stat)),
        FileType::Directory => Err(not_a_file("a directory")),
        FileType::Fifo => Err(not_a_file("a pipe")),
        FileType::CharacterDevice | FileType::BlockDevice => Err(not_a_file("a device")),
        FileType::Symlink => Err(not_a_file("a symbolic link")),
        FileType::Socket | FileType::Unknown => Err(not_a_file("something special")),
    }
}

/// The kernel denies access: owner and mode say what to do about it.
fn no_permission(dir: std::os::fd::BorrowedFd<'_>, name: &Path, path: &Path, errno: Errno) -> OpenError {
    let path = PathBuf::from(path);
    let wanted = rustix::process::geteuid().as_raw();
    match fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if stat.st_uid != wanted => OpenError::ForeignOwner { path, owner: stat.st_uid, wanted },
        Ok(stat) if stat.st_mode & 0o600 == 0o400 => OpenError::ReadOnly { path },
        Ok(_) | Err(_) => OpenError::NoPermission { path, source: errno.into() },
    }
}

/// Names the attempted action in the error of a system call; a full disk and a read-only one have their own
/// errors.
pub(crate) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = PathBuf::from(path);
    move |source| {
        let kind = source.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            OpenError::DiskFull { path }
        } else if kind == io::ErrorKind::ReadOnlyFilesystem {
            OpenError::ReadOnly { path }
        } else {
            OpenError::Io { action, path, source }
        }
    }
}

impl Disk for StateDir {
    fn path(&self) -> &Path {
        &self.database
    }

    fn attach(&self) -> Result<Box<dyn StorageBackend>, OpenError> {
        let (file, stat) = self.open_private(DATABASE, OFlags::RDWR)?;
        // redb would turn an empty file into a new database.
        if stat.st_size == 0 {
            return Err(OpenError::DatabaseEmpty { path: self.database.clone() });
        }
        if let (Ok(file), Ok(bytes)) = (file.try_clone(), u64::try_from(stat.st_size)) {
            start_reading_ahead(file, bytes);
        }
        backend(file, &self.database)
    }

    fn attach_reader(&self) -> Result<Box<dyn StorageBackend>, OpenError> {
        let (file, _) = self.open_private(DATABASE, OFlags::RDONLY)?;
        backend(file, &self.database)
    }

    fn probe(&self) -> io::Result<()> {
        let mut file = self.create_private(PROBE).map_err(io::Error::other)?;
        let written = file.write_all(&vec![1; PROBE_BYTES]).and_then(|()| file.sync_all());
        let removed = fs::unlinkat(&self.dir, PROBE, AtFlags::empty()).map_err(io::Error::from);
        written.and(removed)
    }

    fn forget_cached(&self) {
        if let Ok((file, _)) = self.open_private(DATABASE, OFlags::RDONLY) {
            // Advice only: if the kernel does not take it, the pages stay, and nothing is worse than before.
            let _ = fs::fadvise(&file, 0, None, fs::Advice::DontNeed);
        }
    }

    fn scratch(&self) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        match fs::openat(&self.dir, ".", flags, PRIVATE) {
            Ok(file) => Ok(file.into()),
            // For file systems without O_TMPFILE: a name for an instant.
            Err(Errno::OPNOTSUPP | Errno::ISDIR) => {
                let file = self.create_private(PROBE).map_err(io::Error::other)?;
                fs::unlinkat(&self.dir, PROBE, AtFlags::empty())?;
                Ok(file)
            }
            Err(errno) => Err(errno.into()),
        }
    }

    fn release(&self) {
        // Closing the descriptor does the same, later.
        let _ = fs::flock(&self.dir, FlockOperation::Unlock);
    }
}

pub(crate) fn backend(file: File, path: &Path) -> Result<Box<dyn StorageBackend>, OpenError> {
    let backend = FileBackend::new(file)
        .map_err(|error| OpenError::Damaged { path: path.into(), detail: error.to_string() })?;
    Ok(Box::new(backend))
}

/// Below this size a thread costs more than it saves.
const MIN_BYTES: u64 = 16 * 1024 * 1024;

/// Requested at a time: what the kernel grants one call with its default read-ahead. It drops the rest.
const CHUNK: u64 = 128 * 1024;

/// Prefetches `bytes` of `file` in the background. Best effort: anything not prefetched is read on demand.
fn start_reading_ahead(file: File, bytes: u64) {
    if bytes < MIN_BYTES || bytes > memory() / 2 {
        return;
    }
    // Without a thread, the file is read on demand.
    let _ = Builder::new().name("store-read-ahead".into()).spawn(move || bring_in(&file, bytes));
}

/// Costs little if the file is in memory already.
fn bring_in(file: &File, bytes: u64) {
    let mut at = 0;
    while at < bytes && fadvise(file, at, NonZeroU64::new(CHUNK), Advice::WillNeed).is_ok() {
        at += CHUNK;
    }
}

/// Bytes of memory of this machine: a file of more than half of it would evict itself.
fn memory() -> u64 {
    let info = sysinfo();
    u64::from(info.mem_unit).saturating_mul(info.totalram)
}
