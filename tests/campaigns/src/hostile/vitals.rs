//! What the kernel says about the daemon's process. Needs root for a process that is not dumpable.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// How long descriptors may take to be closed: the daemon sees the end of a connection later than the caller.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the daemon may go on working when everybody has left: what was begun ends, what waits is dropped.
const PATIENCE_FOR_REST: Duration = Duration::from_secs(10);

/// How long the processor time is watched at a time.
const LOOK: Duration = Duration::from_millis(400);

/// Processor time within that, of a daemon that has nothing to do: housekeeping and the lease.
const AT_REST: Duration = Duration::from_millis(40);

/// Clock ticks a second in `/proc/PID/stat`: the same on every architecture of Linux (`USER_HZ`, times(2)).
const TICKS: u64 = 100;

/// The process that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Vitals(u32);

impl Vitals {
    /// Of this process.
    #[must_use]
    pub const fn of(pid: u32) -> Self {
        Self(pid)
    }

    /// Resident memory in KiB.
    #[must_use]
    pub fn resident_kib(self) -> u64 {
        self.memory("VmRSS")
    }

    /// The most resident memory since the start or since it was forgotten, in KiB.
    #[must_use]
    pub fn peak_kib(self) -> u64 {
        self.memory("VmHWM")
    }

    /// Lets the peak begin anew with what is resident now (proc_pid_clear_refs(5)).
    pub fn forget_peak(self) {
        fs::write(self.file("clear_refs"), "5").expect("a process of ours");
    }

    fn memory(self, name: &str) -> u64 {
        let status = fs::read_to_string(self.file("status")).expect("the daemon's status");
        let line = status.lines().find(|line| line.starts_with(name)).expect("its resident memory");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// Processor time used so far.
    #[must_use]
    pub fn processor_time(self) -> Duration {
        let stat = fs::read_to_string(self.file("stat")).expect("the daemon's stat");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // utime and stime, fields 14 and 15 of proc_pid_stat(5); the first that is left here is the third.
        let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    /// Waits until the process uses no processor time to speak of, and gives how long that took; `None` when it goes on
    /// and on.
    #[must_use]
    pub fn rests_after(self) -> Option<Duration> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE_FOR_REST {
            let (before, after) = (self.processor_time(), begin.elapsed());
            thread::sleep(LOOK);
            if self.processor_time().saturating_sub(before) <= AT_REST {
                return Some(after);
            }
        }
        None
    }

    /// Open descriptors; `None` when this user may not look.
    #[must_use]
    pub fn descriptors(self) -> Option<usize> {
        fs::read_dir(self.file("fd")).ok().map(Iterator::count)
    }

    /// Waits until no more descriptors are open than there were before `what`.
    pub fn wait_for_descriptors(self, most: Option<usize>, what: &str) {
        let Some(most) = most else { return };
        let deadline = Instant::now() + PATIENCE;
        while let Some(open) = self.descriptors().filter(|open| *open > most) {
            assert!(Instant::now() < deadline, "{what}: {open} descriptors stay open, not {most}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }
}
