//! A file system of its own in memory, which can really be full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted one, of eight MiB and for its owner alone; gone when dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one over a directory; `None`, and a word about it, where this process may not mount.
    #[must_use]
    pub fn mount(place: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        let mounted = ran(mount.args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "none"]).arg(place));
        if !mounted {
            eprintln!("skipped: this test may not mount a file system");
        }
        mounted.then(|| Self(place.to_owned()))
    }

    /// Mounts it anew with these options; whether that was done.
    #[must_use]
    pub fn remount(&self, how: &str) -> bool {
        ran(Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&self.0))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also while the daemon has files open there.
        let _gone = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Whether a command ended well.
pub fn ran(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
