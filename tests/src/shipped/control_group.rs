//! A control group with the memory limit of the unit, where this machine lets root make one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// Where the memory controller of either version of control groups is mounted, and the name of its limit there
/// (cgroups(7)).
const CONTROLLERS: [(&str, &str); 2] =
    [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];

/// How often the end of the last process is waited for.
const TRIES: u32 = 100;

/// A control group; removed when dropped, after its last process has ended.
#[derive(Debug)]
pub struct ControlGroup(PathBuf);

impl ControlGroup {
    /// Makes one with this limit; `None` where that is not possible.
    #[must_use]
    pub fn limited(bytes: u64) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("apikeyd-test-{}-{number}", std::process::id());
        CONTROLLERS.into_iter().find_map(|(mounted, limit)| {
            let group = Self(Path::new(mounted).join(&name));
            fs::create_dir(&group.0).ok()?;
            // In a directory that is no control group, or one without this controller, there is no such file.
            let is_limited =
                group.0.join(limit).exists() && fs::write(group.0.join(limit), bytes.to_string()).is_ok();
            is_limited.then_some(group)
        })
    }

    /// Takes processes that write their id there.
    #[must_use]
    pub fn processes(&self) -> PathBuf {
        self.0.join("cgroup.procs")
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        for _ in 0..TRIES {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn who_holds_more_than_the_limit_is_ended() {
        let Some(group) = ControlGroup::limited(16 << 20) else { return };
        // A line of 64 MiB, which tail has to keep.
        let script = "echo $$ >\"$0\" && head -c 67108864 /dev/zero | tail -n 1 | wc -c";
        let output = Command::new("/bin/sh").args(["-c", script]).arg(group.processes()).output().unwrap();
        let passed: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        assert!(passed < 67_108_864);
        let path = group.0.clone();
        drop(group);
        assert!(!path.exists());
    }
}
