//! Starts of the daemon, one after the other, with [`Racers`] at its socket.

use super::race::Racers;
use super::strangers::are_other_users;
use apikeyd_kit::daemon::Start;
use apikeyd_kit::scratch::Scratch;
use clap::Args;
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// Sets no bit aside, so that every file has the mode that its maker asked for.
const OPEN_UMASK: &str = "umask 000; exec \"$0\" \"$@\"";

/// How many starts.
#[derive(Debug, Args)]
#[command(about = "Starts the daemon many times while another user tries to get in before the mode is final")]
pub struct Options {
    /// Starts of the daemon, half of them after a kill.
    #[arg(long, default_value_t = 1000)]
    starts: usize,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Starts of the daemon.
    pub starts: usize,
    /// Attempts to connect.
    pub attempts: u64,
    /// Attempts that succeeded.
    pub got_in: u64,
}

/// The long form.
#[must_use]
pub fn main(options: &Options) -> ExitCode {
    if !are_other_users() {
        println!("only root can be another user: there is nothing to race against");
        return ExitCode::FAILURE;
    }
    let planted = listening_before_the_mode();
    println!("planted, listen before chmod: {planted} got in");
    let begin = Instant::now();
    let binary = std::env::current_exe().expect("this program");
    let outcome = run(&binary, options.starts);
    println!(
        "{} starts, {} attempts by another user, {} got in, {:.0?}",
        outcome.starts,
        outcome.attempts,
        outcome.got_in,
        begin.elapsed()
    );
    if outcome.got_in == 0 && planted > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Starts the daemon so many times under umask 000 and ends it, now by SIGTERM and now by SIGKILL, so that both ways
/// to the name are raced: nothing there, and a dead socket there.
#[must_use]
pub fn run(binary: &Path, starts: usize) -> Outcome {
    let scratch = Scratch::new(binary);
    let config = scratch.write("apikeyd.toml", "socket_mode = \"0600\"\n");
    let racers = Racers::begin(scratch.dir(), "apikeyd.sock");
    for number in 0..starts {
        let daemon = Start::program(&scratch, Path::new("/bin/sh"))
            .arg("-c")
            .arg(OPEN_UMASK)
            .arg(scratch.daemon())
            .arg("--config")
            .arg(&config)
            .ready();
        let mode = std::fs::metadata(daemon.socket()).expect("the socket").mode() & 0o7777;
        assert_eq!(mode, 0o600, "start {number}");
        UnixStream::connect(daemon.socket()).expect("its own user gets in");
        racers.wait_for_attempts(2);
        match number % 2 {
            0 => assert!(daemon.stop().success()),
            _ => daemon.kill(),
        }
    }
    let (attempts, got_in) = racers.end();
    Outcome { starts, attempts, got_in }
}

/// The fault that the race is for, done on purpose: a socket that listens first and is closed to others afterwards.
/// Gives how often the racers got in: at least once, or they would not notice it in the daemon either.
#[must_use]
pub fn listening_before_the_mode() -> u64 {
    let dir = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o755))
        .tempdir()
        .expect("a temporary directory");
    let path = dir.path().join("planted.sock");
    let racers = Racers::begin(dir.path(), "planted.sock");
    let _listener = UnixListener::bind(&path).expect("a socket");
    std::fs::set_permissions(&path, Permissions::from_mode(0o666)).expect("what umask 000 gives");
    racers.wait_for_attempts(2);
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("the final mode");
    racers.end().1
}
