//! A daemon in a process of its own.

use crate::multicall;
use crate::scratch::Scratch;
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long a daemon may take to start or to end before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How to start a daemon.
#[derive(Debug)]
pub struct Start {
    command: Command,
    notify: UnixDatagram,
    log: PathBuf,
    state_dir: PathBuf,
    socket: PathBuf,
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
    ///
    /// # Panics
    /// When the directory cannot be written.
    #[must_use]
    pub fn new(scratch: &Scratch) -> Self {
        Self::program(scratch, &scratch.daemon())
    }

    /// Another program, in the daemon's place.
    ///
    /// # Panics
    /// When the directory cannot be written.
    #[must_use]
    pub fn program(scratch: &Scratch, program: &Path) -> Self {
        let notify_path = scratch.path("notify.sock");
        let _ = std::fs::remove_file(&notify_path);
        let notify = UnixDatagram::bind(&notify_path).expect("a notify socket");
        notify.set_read_timeout(Some(Duration::from_millis(50))).expect("a read time-out");
        let log = scratch.path("daemon.log");
        let mut command = multicall::command(program);
        command
            .env("NOTIFY_SOCKET", &notify_path)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null());
        Self { command, notify, log, state_dir: scratch.state(), socket: scratch.socket() }
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
    ///
    /// # Panics
    /// When it ends or is silent instead; the panic shows its log.
    #[must_use]
    pub fn ready(self) -> Daemon {
        let mut daemon = self.spawn();
        if !daemon.wait_notified("READY=1") {
            panic!("the daemon is not ready; its log:\n{}", daemon.log());
        }
        daemon
    }

    /// Runs it to its end, which must come by itself.
    ///
    /// # Panics
    /// When it does not end.
    #[must_use]
    pub fn fails(self) -> (ExitStatus, String) {
        let mut daemon = self.spawn();
        let status = daemon.wait();
        (status, daemon.log())
    }

    /// Starts it and waits for nothing: for who kills it before it is ready.
    ///
    /// # Panics
    /// When the process cannot be started.
    #[must_use]
    pub fn spawn(mut self) -> Daemon {
        let log = File::options().create(true).append(true).open(&self.log).expect("a log file");
        self.command.arg("--state-dir").arg(&self.state_dir).arg("--socket").arg(&self.socket);
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

    /// Waits until it notifies a line that starts with `prefix`; false when it ends first or too much time
    /// passes.
    pub fn wait_notified(&mut self, prefix: &str) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut datagram = [0; 4096];
        while Instant::now() < deadline {
            match self.notify.recv(&mut datagram) {
                Ok(length) => {
                    let text = String::from_utf8_lossy(datagram.get(..length).unwrap_or_default());
                    if text.lines().any(|line| line.starts_with(prefix)) {
                        return true;
                    }
                }
                // Interrupted: a socket with a time limit is, when the process was stopped and goes on (signal(7)).
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) =>
                {
                    if matches!(self.child.try_wait(), Ok(Some(_))) {
                        return false;
                    }
                }
                Err(error) => panic!("the notify socket: {error}"),
            }
        }
        false
    }

    /// Takes what it notified and nobody waits for. A daemon whose notes are not read for a minute waits with the next one,
    /// on a thread and a descriptor for that.
    pub fn take_notes(&self) {
        let mut datagram = [0; 4096];
        while recv(&self.notify, &mut datagram, RecvFlags::DONTWAIT).is_ok() {}
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.own_pid(), signal).expect("a running daemon");
    }

    /// Stops it where it is, and returns when none of its threads runs any more: the signal alone is only on its
    /// way. `SIGCONT` lets it go on.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
        let status = waitpid(Some(self.own_pid()), WaitOptions::UNTRACED);
        assert!(status.expect("a daemon to wait for").is_some_and(|(_, status)| status.stopped()));
    }

    fn own_pid(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a pid")
    }

    /// Asks it to stop and waits for its end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Kills it at once, as a crash would.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("a daemon to kill");
        self.child.wait().expect("its end");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let mut datagram = [0; 4096];
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status,
                Ok(None) if Instant::now() < deadline => {}
                other => panic!("the daemon does not end ({other:?}); its log:\n{}", self.log()),
            }
            // The receive time-out paces this loop, and what is read keeps the daemon's datagrams from
            // filling the socket.
            let _: io::Result<usize> = self.notify.recv(&mut datagram);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
