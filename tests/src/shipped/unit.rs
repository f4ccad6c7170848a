//! What the shipped units say about the daemon's process, read from the files themselves, so that a test cannot drift
//! from them.

const SERVICE: &str = include_str!("../../../systemd/apikeyd.service");
const SOCKET: &str = include_str!("../../../systemd/apikeyd.socket");
const DIRECTORIES: &str = include_str!("../../../systemd/tmpfiles.d/apikeyd.conf");

/// The limits of the shipped units that a test can put on a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// `LimitNOFILE=`: open descriptors.
    pub descriptors: u64,
    /// `LimitCORE=`: bytes of a core file.
    pub core: u64,
    /// `LimitMEMLOCK=`: bytes that may be locked.
    pub locked: u64,
    /// `TasksMax=`: threads.
    pub tasks: u64,
    /// `MemoryMax=` in bytes; `None` while the unit has none.
    pub memory: Option<u64>,
    /// `UMask=`.
    pub umask: u32,
    /// `StateDirectoryMode=`.
    pub state_mode: u32,
    /// The mode of `/run/apikeyd` in `tmpfiles.d`.
    pub run_mode: u32,
    /// `SocketMode=`.
    pub socket_mode: u32,
    /// `Backlog=`.
    pub backlog: i32,
    /// `FileDescriptorName=`.
    pub socket_name: &'static str,
}

impl Unit {
    /// Reads the units of this source tree.
    #[must_use]
    pub fn shipped() -> Self {
        for (name, wanted) in
            [("CapabilityBoundingSet", ""), ("AmbientCapabilities", ""), ("NoNewPrivileges", "yes")]
        {
            assert_eq!(setting(SERVICE, name), Some(wanted), "{name}= of the unit");
        }
        let service = |name| setting(SERVICE, name).unwrap_or_else(|| panic!("the unit has no {name}="));
        let socket = |name| setting(SOCKET, name).unwrap_or_else(|| panic!("the socket has no {name}="));
        Self {
            descriptors: size(service("LimitNOFILE")),
            core: size(service("LimitCORE")),
            locked: size(service("LimitMEMLOCK")),
            tasks: size(service("TasksMax")),
            memory: setting(SERVICE, "MemoryMax").map(size),
            umask: mode(service("UMask")),
            state_mode: mode(service("StateDirectoryMode")),
            run_mode: mode(run_directory()),
            socket_mode: mode(socket("SocketMode")),
            backlog: socket("Backlog").parse().expect("a number of callers"),
            socket_name: socket("FileDescriptorName"),
        }
    }
}

/// The value of a setting; the last one counts, as for systemd.
fn setting(unit: &'static str, name: &str) -> Option<&'static str> {
    unit.lines().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

/// The mode of the line `d /run/apikeyd MODE USER GROUP AGE` (tmpfiles.d(5)).
fn run_directory() -> &'static str {
    let fields = DIRECTORIES.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut modes = fields.filter(|fields| fields.get(1) == Some(&"/run/apikeyd"));
    modes.next().and_then(|fields| fields.get(2).copied()).expect("a line for the socket's directory")
}

/// A number with the suffixes of systemd.syntax(7).
fn size(text: &str) -> u64 {
    let (digits, unit) = match text.split_at(text.len() - 1) {
        (digits, "K") => (digits, 1 << 10),
        (digits, "M") => (digits, 1 << 20),
        (digits, "G") => (digits, 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().unwrap_or_else(|error| panic!("{text}: {error}")) * unit
}

fn mode(text: &str) -> u32 {
    u32::from_str_radix(text, 8).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_systemd_reads_them() {
        assert_eq!(
            [size("0"), size("4096"), size("1M"), size("2K"), size("1G")],
            [0, 4096, 1 << 20, 2 << 10, 1 << 30]
        );
    }

    #[test]
    fn the_shipped_units_are_understood() {
        let unit = Unit::shipped();
        assert_eq!((unit.core, unit.umask, unit.state_mode), (0, 0o077, 0o700));
        assert_eq!((unit.run_mode, unit.socket_mode), (0o755, 0o666));
        assert!(unit.descriptors > 1024 && unit.tasks > 0 && unit.backlog > 0);
    }
}
