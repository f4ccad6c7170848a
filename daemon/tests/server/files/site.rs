//! A daemon on a place of its own, started over and over on one store.
//!
//! As root the daemon runs as a user of its own, since nothing is unreadable to root, and in a mount namespace of its
//! own, in which the directory of the file is a mount and `/etc` is the test's. Nobody else sees either.

use super::fault::Fault;
use crate::running::PROGRAM;
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::scratch::Scratch;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{Empty, Operation, PolicyAnswer, PolicyVerdict};
use apikeyd_protocol::operation::Opcode;
use rustix::process::Signal;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The daemon's user, where the test is root.
const USER: u32 = 4001;

/// Denies the probe by its default; the compiled-in table allows it.
pub(crate) const POLICY: &str =
    "default = \"deny\"\n[[operation]]\nmethod = \"GET\"\npath = \"/a\"\neffect = \"allow\"\n";

/// Runs as root in a mount namespace of its own and becomes the daemon.
const AS_ROOT: &str = r#"
set -e
if [ "$AT" = /etc/apikeyd ]; then
    mount -t tmpfs -o mode=0755 none /etc
    cp "$BASE/group" "$BASE/passwd" /etc
    mkdir /etc/apikeyd
fi
[ -z "$MOUNTED" ] || mount --bind "$REAL" "$AT"
exec setpriv --reuid=4001 --regid=4001 --clear-groups -- "$@"
"#;

/// Which file things happen to, and how the daemon knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    PolicyOfConfiguration,
    PolicyArgument,
    ConfigurationArgument,
    DefaultConfiguration,
}

pub(crate) struct Site {
    scratch: Scratch,
    source: Source,
    /// Whether the daemon runs as another user, in a mount namespace.
    apart: bool,
    mounted: bool,
    daemon: Option<Daemon>,
    pub(crate) arguments: Vec<String>,
    /// `$CREDENTIALS_DIRECTORY`.
    pub(crate) credentials: Option<PathBuf>,
}

impl Site {
    /// `None`, and a word about it, where this source cannot be tried.
    pub(crate) fn new(source: Source) -> Option<Self> {
        let unshared = Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
        let apart = rustix::process::geteuid().is_root() && unshared.is_ok_and(|status| status.success());
        if source == Source::DefaultConfiguration && !apart {
            eprintln!("skipped: only root, in a mount namespace, has an /etc of its own");
            return None;
        }
        let scratch = Scratch::new(Path::new(PROGRAM));
        for name in ["run", "real", "at", "other"] {
            fs::create_dir(scratch.path(name)).unwrap();
            fs::set_permissions(scratch.path(name), Permissions::from_mode(0o755)).unwrap();
        }
        if apart {
            for name in ["state", "run"] {
                chown(scratch.path(name), Some(USER), Some(USER)).unwrap();
            }
        }
        for name in ["group", "passwd"] {
            fs::copy(format!("/etc/{name}"), scratch.path(name)).unwrap();
        }
        let site = Self {
            scratch,
            source,
            apart,
            mounted: true,
            daemon: None,
            arguments: Vec::new(),
            credentials: None,
        };
        Some(site.furnished())
    }

    /// Writes the files and the arguments.
    fn furnished(mut self) -> Self {
        let other = self.path("other");
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        self.mend();
        self.arguments = match self.source {
            Source::PolicyArgument => vec!["--policy".into(), self.name()],
            Source::PolicyOfConfiguration => {
                self.write("other/c.toml", &format!("policy = {:?}\n", self.name()));
                vec!["--config".into(), text(other.join("c.toml"))]
            }
            Source::ConfigurationArgument => vec!["--config".into(), self.name()],
            Source::DefaultConfiguration => vec![],
        };
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    /// Writes a file that the daemon must trust.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o644)).unwrap();
    }

    fn file(&self) -> &'static str {
        match self.source {
            Source::PolicyOfConfiguration | Source::PolicyArgument => "p.toml",
            Source::ConfigurationArgument | Source::DefaultConfiguration => "apikeyd.toml",
        }
    }

    fn at(&self) -> PathBuf {
        match (self.source, self.apart) {
            (Source::DefaultConfiguration, _) => "/etc/apikeyd".into(),
            (_, true) => self.path("at"),
            (_, false) => self.path("real"),
        }
    }

    /// The name by which the daemon knows the file.
    pub(crate) fn name(&self) -> String {
        self.at().join(self.file()).to_str().unwrap().to_owned()
    }

    /// Makes a file the daemon's user's.
    pub(crate) fn give_to_daemon(&self, name: &str) {
        if self.apart {
            chown(self.path(name), Some(USER), Some(USER)).unwrap();
        }
    }

    /// Whether the daemon runs as another user than the test.
    pub(crate) const fn is_apart(&self) -> bool {
        self.apart
    }

    pub(crate) fn can(&self, fault: Fault) -> bool {
        self.apart || !fault.needs_root()
    }

    pub(crate) fn spoil(&mut self, fault: Fault) {
        fault.bring_about(&self.path("real").join(self.file()));
        if fault == Fault::Unmounted {
            self.mounted = false;
            let pid = self.daemon.as_ref().unwrap().pid().to_string();
            let mut umount = Command::new("nsenter");
            umount.args(["--target", &pid, "--mount", "umount"]).arg(self.at());
            assert!(umount.status().unwrap().success());
        }
    }

    /// Everything as it was before the fault.
    pub(crate) fn mend(&mut self) {
        let real = self.path("real");
        fs::set_permissions(&real, Permissions::from_mode(0o755)).unwrap();
        fs::remove_dir_all(&real).unwrap();
        fs::create_dir(&real).unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o755)).unwrap();
        self.mounted = true;
        self.write("other/p.toml", POLICY);
        let file = format!("real/{}", self.file());
        match self.source {
            Source::PolicyOfConfiguration | Source::PolicyArgument => self.write(&file, POLICY),
            Source::ConfigurationArgument | Source::DefaultConfiguration => {
                self.write(&file, &format!("policy = {:?}\n", self.path("other/p.toml")));
            }
        }
    }

    fn daemon(&self) -> Start {
        let program = if self.apart { Path::new("unshare") } else { Path::new(PROGRAM) };
        let start = Start::program(&self.scratch, program).untold().open_to_notes();
        let start = match self.apart {
            true => start.args(["--mount", "sh", "-c", AS_ROOT, "sh", PROGRAM]),
            false => start,
        };
        let start = start
            .args(&self.arguments)
            .env("BASE", self.scratch.dir())
            .env("REAL", self.path("real"))
            .env("AT", self.at())
            .env("MOUNTED", if self.mounted { "yes" } else { "" })
            // What makes it the system's daemon, which has a configuration at a default place.
            .env("STATE_DIRECTORY", self.path("state"))
            .env("APIKEYD_SOCKET", self.path("run/socket"));
        match &self.credentials {
            Some(directory) => start.env("CREDENTIALS_DIRECTORY", directory),
            None => start,
        }
    }

    /// What the daemon that was started last has written.
    pub(crate) fn log(&self) -> String {
        self.daemon.as_ref().map(Daemon::log).unwrap_or_default()
    }

    /// Starts the daemon and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(&mut self) {
        self.forget_log();
        self.daemon = Some(self.daemon().ready());
    }

    /// A start that must fail: its exit code and what it said. One that serves instead is killed, and has no code.
    pub(crate) fn refused_start(&mut self) -> (Option<i32>, String) {
        self.forget_log();
        let mut daemon = self.daemon().spawn();
        if daemon.try_wait_told("READY=1").is_some() {
            daemon.signal(Signal::KILL);
        }
        (daemon.wait().code(), daemon.log())
    }

    /// Each start has a log of its own.
    fn forget_log(&self) {
        let _none = fs::remove_file(self.path("daemon.log"));
    }

    pub(crate) fn stop(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
    }

    pub(crate) fn client(&self) -> RawClient {
        RawClient::greeted(&self.path("run/socket"))
    }

    /// Whether the operation is denied now.
    pub(crate) fn denies(&self) -> bool {
        let answer = self.client().ask(Opcode::PolicyTest, &Operation::new("POST", "/api/admin/wipe"));
        assert_eq!(answer.status(), Status::Ok);
        let answer: PolicyAnswer<'_> = apikeyd_protocol::codec::decode(&answer.body).unwrap();
        answer.verdict == PolicyVerdict::Deny
    }

    /// Reloads, and gives the answer's status and what it says.
    pub(crate) fn reload(&self) -> (Status, String) {
        let answer = self.client().ask(Opcode::Reload, &Empty {});
        let message = if answer.status() == Status::Ok { String::new() } else { answer.failure() };
        (answer.status(), message)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.daemon.take());
        // So that a test that failed leaves nothing behind either.
        let _mended = fs::set_permissions(self.path("real"), Permissions::from_mode(0o755));
    }
}
