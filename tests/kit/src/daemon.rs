//! A daemon in a process of its own.

use crate::programs;
use crate::scratch::Scratch;
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs::{File, Permissions};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long a daemon may take to start or to end before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a wait looks whether the daemon has ended.
const POLL: Duration = Duration::from_millis(50);

/// How to start a daemon.
#[derive(Debug)]
pub struct Start {
    command: Command,
    notify: UnixDatagram,
    log: PathBuf,
    state_dir: PathBuf,
    socket: PathBuf,
    said: Said,
}

/// How a daemon is told where its state and its socket are.
#[derive(Clone, Copy, Debug)]
enum Said {
    ByArguments,
    ByVariables,
    /// By what else the caller gives it.
    Otherwise,
}

/// A running daemon; killed, by pid, when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    notify: UnixDatagram,
    log: PathBuf,
    socket: PathBuf,
}

impl Start {
    /// A daemon on a scratch directory's state and socket.
    #[must_use]
    pub fn new(scratch: &Scratch) -> Self {
        Self::program(scratch, &scratch.daemon())
    }

    /// Another program, in the daemon's place.
    #[must_use]
    pub fn program(scratch: &Scratch, program: &Path) -> Self {
        let notify_path = scratch.path("notify.sock");
        let _ = std::fs::remove_file(&notify_path);
        let notify = UnixDatagram::bind(&notify_path).expect("a notify socket");
        notify.set_read_timeout(Some(POLL)).expect("a read time-out");
        let log = scratch.path("daemon.log");
        let mut command = programs::command(program);
        command
            .env("NOTIFY_SOCKET", &notify_path)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null());
        let (state_dir, socket) = (scratch.state(), scratch.socket());
        Self { command, notify, log, state_dir, socket, said: Said::ByArguments }
    }

    /// With its state directory and socket in the environment, and nothing else there but a path and what is added behind
    /// this.
    #[must_use]
    pub fn by_variables(self) -> Self {
        Self { said: Said::ByVariables, ..self.with_bare_environment() }
    }

    /// With nothing of this harness's about its state directory and socket.
    #[must_use]
    pub fn untold(self) -> Self {
        Self { said: Said::Otherwise, ..self.with_bare_environment() }
    }

    fn with_bare_environment(mut self) -> Self {
        let notify = self.notify.local_addr().expect("a socket with a name");
        self.command.env_clear().env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        self.command.env("NOTIFY_SOCKET", notify.as_pathname().expect("a path"));
        self
    }

    /// Without a service manager to notify.
    #[must_use]
    pub fn unmanaged(mut self) -> Self {
        self.command.env_remove("NOTIFY_SOCKET");
        self
    }

    /// As a user that root may become, with the group of that number.
    #[must_use]
    pub fn user(mut self, uid: u32) -> Self {
        self.command.uid(uid).gid(uid);
        self.open_to_notes()
    }

    /// Takes notes from processes of every user.
    #[must_use]
    pub fn open_to_notes(self) -> Self {
        let notify = self.notify.local_addr().expect("a socket with a name");
        let notify = notify.as_pathname().expect("a path");
        std::fs::set_permissions(notify, Permissions::from_mode(0o666)).expect("its mode");
        self
    }

    /// On another state directory.
    #[must_use]
    pub fn state_dir(self, state_dir: PathBuf) -> Self {
        Self { state_dir, ..self }
    }

    /// At another socket.
    #[must_use]
    pub fn socket(self, socket: PathBuf) -> Self {
        Self { socket, ..self }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(self, arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// A descriptor as its standard input.
    #[must_use]
    pub fn input(mut self, descriptor: OwnedFd) -> Self {
        self.command.stdin(descriptor);
        self
    }

    /// One more variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it and waits for its `READY=1`.
    #[must_use]
    pub fn ready(self) -> Daemon {
        let mut daemon = self.spawn();
        daemon.wait_told("READY=1");
        daemon
    }

    /// Runs it to its end, which must come by itself.
    #[must_use]
    pub fn fails(self) -> (ExitStatus, String) {
        let mut daemon = self.spawn();
        let status = daemon.wait();
        (status, daemon.log())
    }

    /// Starts it and waits for nothing: for who kills it before it is ready.
    #[must_use]
    pub fn spawn(mut self) -> Daemon {
        let log = File::options().create(true).append(true).open(&self.log).expect("a log file");
        let places = [("state-dir", "STATE_DIR", &self.state_dir), ("socket", "SOCKET", &self.socket)];
        for (argument, variable, place) in places {
            match self.said {
                Said::ByArguments => self.command.arg(format!("--{argument}")).arg(place),
                Said::ByVariables => self.command.env(format!("APIKEYD_{variable}"), place),
                Said::Otherwise => &mut self.command,
            };
        }
        let child = self.command.stderr(log).spawn().expect("the daemon's process");
        Daemon { child, notify: self.notify, log: self.log, socket: self.socket }
    }
}

impl Daemon {
    /// A daemon with default settings.
    #[must_use]
    pub fn start(scratch: &Scratch) -> Self {
        Start::new(scratch).ready()
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// All that it wrote to standard error.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The next note to the service manager within a time.
    #[must_use]
    pub fn told_within(&self, time: Duration) -> Option<String> {
        let deadline = Instant::now() + time;
        let mut datagram = [0; 4096];
        while Instant::now() < deadline {
            match self.notify.recv(&mut datagram) {
                Ok(length) => return Some(String::from_utf8_lossy(&datagram[..length]).into_owned()),
                // Interrupted: a socket with a time limit is, when the process was stopped and goes on (signal(7)).
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => panic!("the notify socket: {error}"),
            }
        }
        None
    }

    /// Waits for a note with a line that starts like this, and gives the whole note; `None` when the daemon ends first or
    /// too much time passes.
    pub fn try_wait_told(&mut self, start: &str) -> Option<String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.told_within(POLL) {
                Some(note) if note.lines().any(|line| line.starts_with(start)) => return Some(note),
                None if matches!(self.child.try_wait(), Ok(Some(_))) => return None,
                Some(_) | None => {}
            }
        }
        None
    }

    /// Waits for a note with a line that starts like this, and gives the whole note.
    pub fn wait_told(&mut self, start: &str) -> String {
        let note = self.try_wait_told(start);
        note.unwrap_or_else(|| panic!("the daemon did not say {start}; its log:\n{}", self.log()))
    }

    /// Takes what it notified and nobody waits for. A daemon whose notes are not read for a minute waits with the next one,
    /// on a thread and a descriptor for that.
    pub fn take_notes(&self) {
        let mut datagram = [0; 4096];
        while recv(&self.notify, &mut datagram, RecvFlags::DONTWAIT).is_ok() {}
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.own_pid(), signal).expect("a running daemon");
    }

    /// Stops it where it is, and returns when none of its threads runs any more: the signal alone is only on its
    /// way. `SIGCONT` lets it go on.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
        let status = waitpid(Some(self.own_pid()), WaitOptions::UNTRACED);
        assert!(status.expect("a daemon to wait for").is_some_and(|(_, status)| status.stopped()));
    }

    fn own_pid(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a pid")
    }

    /// Asks it to stop and waits for its end.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Kills it at once, as a crash would.
    pub fn kill(mut self) {
        self.child.kill().expect("a daemon to kill");
        self.child.wait().expect("its end");
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        // The time-out of receiving paces the loop, and what is read keeps the daemon's notes from filling the socket.
        self.wait_with(|notify| drop(notify.recv(&mut [0; 4096])))
    }

    /// [`wait`](Self::wait) by a service manager that reads no notes.
    pub fn wait_unread(&mut self) -> ExitStatus {
        self.wait_with(|_| std::thread::sleep(Duration::from_millis(5)))
    }

    fn wait_with(&mut self, pause: impl Fn(&UnixDatagram)) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status,
                Ok(None) if Instant::now() < deadline => pause(&self.notify),
                other => panic!("the daemon does not end ({other:?}); its log:\n{}", self.log()),
            }
        }
    }

    /// Descriptors that the process has open. Needs root, since the process cannot be dumped.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("a process of root's to see").count()
    }

    /// Waits until no more descriptors are open than `most`: the daemon sees the end of a connection later than the
    /// caller that ended it.
    pub fn wait_for_descriptors(&self, most: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.descriptors() > most {
            assert!(Instant::now() < deadline, "{} descriptors stay open, not {most}", self.descriptors());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
