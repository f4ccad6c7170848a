//! Reading another process, as root or a debugger can.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Bytes below the stack pointer that a function without calls may still use (x86-64 psABI, the red zone).
const RED_ZONE: u64 = 128;

/// One mapping of a process: what the kernel calls it, and its bytes.
#[derive(Debug)]
pub struct Mapping {
    /// The line of `/proc/PID/maps`.
    pub name: String,
    /// The kernel keeps it out of cores.
    pub is_in_no_core: bool,
    /// What stood in it.
    pub bytes: Vec<u8>,
    /// In a thread's stack: so many bytes at the start lie below its stack pointer. They belong to calls that have
    /// returned, and stay until later calls write over them.
    pub dead: usize,
}

/// All mappings of a process that it may have written to, once all its threads wait. The daemon forbids it to
/// everybody but root.
///
/// # Errors
/// What the kernel says to opening the memory.
pub fn memory_of(pid: u32) -> io::Result<Vec<Mapping>> {
    let process = Path::new("/proc").join(pid.to_string());
    let memory = File::open(process.join("mem"))?;
    let stacks = idle(&process)?;
    let maps = std::fs::read_to_string(process.join("smaps"))?;
    let mut mappings: Vec<Mapping> = Vec::new();
    let mut is_read = false;
    for line in maps.lines() {
        // A line as in `maps`, and behind it lines about that mapping, each with a name and a colon.
        if let Some(flags) = line.strip_prefix("VmFlags:") {
            let last = mappings.last_mut().filter(|_| is_read);
            last.into_iter().for_each(|last| last.is_in_no_core = flags.split(' ').any(|flag| flag == "dd"));
        } else if !line.split(' ').next().is_some_and(|word| word.ends_with(':')) {
            let mapping = read(&memory, line, &stacks);
            is_read = mapping.is_some();
            mappings.extend(mapping);
        }
    }
    Ok(mappings)
}

/// System calls in which a thread waits for something to do: read, poll, recvfrom, recvmsg, futex, epoll_wait, ppoll and
/// epoll_pwait of x86-64, and those of aarch64.
const WAITING: [&str; 13] = ["0", "7", "45", "47", "202", "232", "271", "281", "22", "63", "73", "98", "207"];

/// How long a process may take to become idle.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until all threads wait, and gives their stack pointers.
fn idle(process: &Path) -> io::Result<Vec<u64>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(pointers) = stack_pointers(process)? {
            return Ok(pointers);
        }
        assert!(Instant::now() < deadline, "{} is never idle", process.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The stack pointers of all threads; `None` while one of them does something.
fn stack_pointers(process: &Path) -> io::Result<Option<Vec<u64>>> {
    let mut pointers = Vec::new();
    for task in std::fs::read_dir(process.join("task"))? {
        let line = std::fs::read_to_string(task?.path().join("syscall"))?;
        // Number, six arguments, stack pointer, program counter; or `running`.
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(pointer) = words.get(7).filter(|_| WAITING.contains(&words[0])) else { return Ok(None) };
        let digits = pointer.trim_start_matches("0x");
        pointers.push(u64::from_str_radix(digits, 16).map_err(io::Error::other)?);
    }
    Ok(Some(pointers))
}

/// A mapping that can be read and written; what is only read comes from files.
fn read(memory: &File, line: &str, stacks: &[u64]) -> Option<Mapping> {
    let mut words = line.split_whitespace();
    let (range, access) = (words.next()?, words.next()?);
    if !access.starts_with("rw") {
        return None;
    }
    let (from, to) = range.split_once('-')?;
    let from = u64::from_str_radix(from, 16).ok()?;
    let to = u64::from_str_radix(to, 16).ok()?;
    let mut bytes = vec![0; usize::try_from(to - from).ok()?];
    // Pages of a file behind its end cannot be read; nothing stands there.
    memory.read_exact_at(&mut bytes, from).ok()?;
    let pointer = stacks.iter().find(|pointer| (from..to).contains(pointer));
    let dead = pointer.map_or(0, |pointer| pointer.saturating_sub(from + RED_ZONE));
    Some(Mapping { name: line.to_owned(), is_in_no_core: false, bytes, dead: usize::try_from(dead).ok()? })
}

/// Writes a core of a running process with gdb's `gcore`; `None` where there is none.
#[must_use]
pub fn core_of(pid: u32, dir: &Path) -> Option<PathBuf> {
    let prefix = dir.join("core");
    let output = Command::new("gcore").arg("-o").arg(&prefix).arg(pid.to_string()).output().ok()?;
    let core = dir.join(format!("core.{pid}"));
    assert!(core.exists(), "gcore: {}", String::from_utf8_lossy(&output.stderr));
    Some(core)
}
