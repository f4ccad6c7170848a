//! What can happen to a file.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;

/// What happens to a file that is a plain one, of root or the daemon's user, with mode 0644.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Renamed,
    Deleted,
    Unreadable,
    DirectoryClosed,
    Unmounted,
    DanglingLink,
    LinkToItself,
    Emptied,
    ForeignOwner,
    GroupWritable,
    WorldWritable,
    Directory,
    Fifo,
}

/// A user who is neither root nor the daemon's.
pub(crate) const FOREIGNER: u32 = 4002;

impl Fault {
    /// Whether only root can bring it about.
    pub(crate) const fn needs_root(self) -> bool {
        matches!(self, Self::ForeignOwner | Self::Unmounted)
    }

    /// Does it, but for the unmounting, to a file that is alone in its directory.
    pub(crate) fn bring_about(self, file: &Path) {
        let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let gone = || fs::remove_file(file).unwrap();
        let directory = file.parent().unwrap();
        match self {
            Self::Renamed => fs::rename(file, file.with_extension("away")).unwrap(),
            Self::Deleted => gone(),
            Self::Unreadable => mode(file, 0o000),
            Self::DirectoryClosed => mode(directory, 0o000),
            Self::Unmounted => {}
            Self::DanglingLink => {
                gone();
                symlink("nothing-here", file).unwrap();
            }
            Self::LinkToItself => {
                gone();
                symlink(file.file_name().unwrap(), file).unwrap();
            }
            Self::Emptied => fs::write(file, "").unwrap(),
            Self::ForeignOwner => chown(file, Some(FOREIGNER), None).unwrap(),
            Self::GroupWritable => mode(file, 0o664),
            Self::WorldWritable => mode(file, 0o646),
            Self::Directory => {
                gone();
                fs::create_dir(file).unwrap();
            }
            Self::Fifo => {
                gone();
                rustix::fs::mkfifoat(rustix::fs::CWD, file, 0o644.into()).unwrap();
            }
        }
    }
}
