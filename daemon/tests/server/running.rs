//! A daemon in a process of its own.

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a daemon may take for anything before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Setup {
    dir: TempDir,
    pub(crate) command: Command,
    notify: UnixDatagram,
}

pub(crate) struct Running {
    dir: TempDir,
    child: Child,
    notify: UnixDatagram,
}

/// Files that tests write are what a daemon trusts, whatever the umask of who runs them. It is the whole process's.
pub(crate) fn write_for_the_daemon_to_trust() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

impl Setup {
    /// A daemon with its own state directory and socket, both in a directory that every user may pass.
    pub(crate) fn new() -> Self {
        write_for_the_daemon_to_trust();
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let notify = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        notify.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_apikeyd"));
        command
            .env_clear()
            .env("NOTIFY_SOCKET", dir.path().join("notify"))
            .env("APIKEYD_STATE_DIR", dir.path().join("state"))
            .env("APIKEYD_SOCKET", dir.path().join("socket"))
            .stdin(Stdio::null());
        Self { dir, command, notify }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A configuration file with this text; the socket is open to all users.
    pub(crate) fn config(mut self, text: &str) -> Self {
        let file = self.path("apikeyd.toml");
        fs::write(&file, format!("socket_mode = \"0666\"\n{text}")).unwrap();
        self.command.env("APIKEYD_CONFIG", file);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Another program that ends up as the daemon, with this one's environment.
    pub(crate) fn through(mut self, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        for (name, value) in self.command.get_envs() {
            command.env(name, value.unwrap());
        }
        self.command = command;
        self
    }

    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(self) -> Running {
        let mut running = self.launch();
        running.wait_told("READY=1");
        running
    }

    /// Starts it and does not wait.
    pub(crate) fn launch(mut self) -> Running {
        let log = File::create(self.path("log")).unwrap();
        let child = self.command.stderr(log).spawn().unwrap();
        Running { dir: self.dir, child, notify: self.notify }
    }
}

impl Running {
    pub(crate) fn start() -> Self {
        Setup::new().start()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("socket")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Stops it where it is, and returns when none of its threads runs any more. `SIGCONT` lets it go on.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        let status = waitpid(Some(Pid::from_child(&self.child)), WaitOptions::UNTRACED).unwrap();
        assert!(status.is_some_and(|(_, status)| status.stopped()));
    }

    /// Descriptors that the process has open. Needs root, since the process is not dumpable.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(Path::new("/proc").join(self.pid().to_string()).join("fd")).unwrap().count()
    }

    /// Waits until no more descriptors are open than `most`: the daemon sees the end of a connection later
    /// than the caller that ended it.
    pub(crate) fn wait_for_descriptors(&self, most: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.descriptors() > most {
            assert!(Instant::now() < deadline, "{} descriptors stay open, not {most}", self.descriptors());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The next note to the service manager within a time.
    pub(crate) fn told_within(&self, time: Duration) -> Option<String> {
        let deadline = Instant::now() + time;
        let mut datagram = [0; 4096];
        while Instant::now() < deadline {
            match self.notify.recv(&mut datagram) {
                Ok(length) => return Some(String::from_utf8(datagram[..length].to_vec()).unwrap()),
                // Interrupted: a socket with a time limit is, when the process was stopped and goes on (signal(7)).
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => panic!("{error}"),
            }
        }
        None
    }

    /// Waits for a note with a line that starts like this, and gives the whole note.
    pub(crate) fn wait_told(&mut self, start: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(note) = self.told_within(Duration::from_millis(100))
                && note.lines().any(|line| line.starts_with(start))
            {
                return note;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the daemon ended with {status}:\n{}", self.log());
            }
        }
        panic!("the daemon did not say {start}:\n{}", self.log());
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the daemon does not end:\n{}", self.log());
    }

    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Whether this test may become other users; says so when it may not.
pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("skipped: only root can become another user");
    }
    is_root
}

/// Runs on a thread of its own as another user. The calls change the calling thread alone.
pub(crate) fn as_user<T: Send + 'static>(
    uid: u32,
    groups: &[u32],
    run: impl FnOnce() -> T + Send + 'static,
) -> T {
    use rustix::thread::{Gid, Uid, set_thread_gid, set_thread_groups, set_thread_uid};
    let groups: Vec<_> = groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let thread = std::thread::spawn(move || {
        set_thread_groups(&groups).unwrap();
        set_thread_gid(Gid::from_raw(uid)).unwrap();
        set_thread_uid(Uid::from_raw(uid)).unwrap();
        run()
    });
    thread.join().unwrap()
}
