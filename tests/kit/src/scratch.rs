//! A directory for one test: state, socket, configuration, all gone with it.

use crate::programs;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A directory that every user may enter, so that peers of other uids reach the socket in it.
#[derive(Debug)]
pub struct Scratch {
    dir: TempDir,
}

impl Scratch {
    /// Makes the directory; `binary` is the multi-call binary, which gets its names there.
    #[must_use]
    pub fn new(binary: &Path) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("apikeyd-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .expect("a temporary directory");
        DirBuilder::new().mode(0o700).create(dir.path().join("state")).expect("a state directory");
        for name in programs::NAMES {
            symlink(binary, dir.path().join(name)).expect("a link to the binary");
        }
        Self { dir }
    }

    /// A path in the directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The daemon's program.
    #[must_use]
    pub fn daemon(&self) -> PathBuf {
        self.path(programs::DAEMON)
    }

    /// The command line's program.
    #[must_use]
    pub fn ctl(&self) -> PathBuf {
        self.path(programs::CTL)
    }

    /// Puts copies of the programs in the place of the links, for users who may not enter the build
    /// directory.
    pub fn copy_programs(&self) {
        for program in [self.daemon(), self.ctl()] {
            let binary = std::fs::canonicalize(&program).expect("the binary");
            std::fs::remove_file(&program).expect("the link to go");
            // Another process writes them. One that this process held open for writing would be held by whatever
            // another test's thread forks meanwhile, too, and could not be run until that became its program.
            let copied = Command::new("cp").arg(&binary).arg(&program).status().expect("cp");
            assert!(copied.success(), "a copy of the binary");
        }
    }

    /// The daemon's state directory.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// The database's file there.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.state().join("apikeyd.redb")
    }

    /// Where the daemon keeps its revocation page, once it has made its store.
    #[must_use]
    pub fn page(&self) -> PathBuf {
        self.path(&self.page_name())
    }

    /// The name of that file.
    #[must_use]
    pub fn page_name(&self) -> String {
        Self::page_name_of(&self.state())
    }

    /// The name of the page of the store in a directory.
    #[must_use]
    pub fn page_name_of(state: &Path) -> String {
        let store_id = std::fs::read_to_string(state.join("store-id")).expect("a store's id");
        format!("apikeyd-{}.page", store_id.trim_end())
    }

    /// Where the daemon listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path("apikeyd.sock")
    }

    /// Writes a file into the directory, mode 0644, and gives its path.
    #[must_use]
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file in the scratch directory");
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("its mode");
        path
    }
}
