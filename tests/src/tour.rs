//! `cargo tour`: what a user, a service and an operator do with the daemon, one after the other.

#![allow(clippy::print_stdout, reason = "the tour is what it prints")]

mod transcript;

use apikeyd_kit::ctl::Run;
use apikeyd_kit::daemon::Daemon;
use apikeyd_kit::scratch::Scratch;
use std::process::ExitCode;
use transcript::Transcript;

/// The product's operations that may not be done with a key: the twelve rows of the shipped table, with
/// values for their parameters.
const DENIED: [(&str, &str); 12] = [
    ("GET", "/api/apikey/generate"),
    ("GET", "/api/apikey"),
    ("POST", "/api/apikey"),
    ("PUT", "/api/apikey"),
    ("DELETE", "/api/apikey/7"),
    ("GET", "/api/user/active/0/50"),
    ("POST", "/api/user/create"),
    ("PUT", "/api/user/role"),
    ("GET", "/api/user/requests"),
    ("DELETE", "/api/user/42"),
    ("PUT", "/api/user"),
    ("POST", "/api/user/validation"),
];

/// Paths that other checks were walked around with: encoded dots, double slashes, case, matrix parameters.
const DETOURS: [(&str, &str); 5] = [
    ("DELETE", "/api/public/%2e%2e/user/42"),
    ("DELETE", "/api//user/42"),
    ("DELETE", "/API/USER/42"),
    ("DELETE", "/api/user;x=1/42"),
    ("POST", "/api/user?_method=PUT"),
];

/// Runs the tour.
#[must_use]
pub fn main() -> ExitCode {
    let Ok(binary) = std::env::current_exe() else { return ExitCode::FAILURE };
    let scratch = Scratch::new(&binary);
    let mut transcript = Transcript::new(&scratch);
    let result = tour(&mut transcript, &scratch);
    transcript.close(result)
}

/// A difference from what the transcript says.
type Outcome<T = ()> = Result<T, String>;

fn tour(t: &mut Transcript, scratch: &Scratch) -> Outcome {
    t.chapter("An operator starts the daemon");
    t.say("$ apikeyd --state-dir ./state --socket ./apikeyd.sock");
    let daemon = Daemon::start(scratch);
    t.ctl(&["status"]).exits(0)?;

    let first = issue(t)?;
    check(t, &first)?;
    let second = replace(t, &first)?;
    end_with_the_password(t, &second)?;
    audit(t)?;

    t.chapter("The operator stops the daemon");
    t.say("$ kill -TERM $(pidof apikeyd)");
    let status = daemon.stop();
    if !status.success() {
        return Err(format!("the daemon ended with {status}"));
    }
    t.say("the daemon has ended with exit code 0");
    Ok(())
}

/// A key in the user's hands: the text and its id.
struct Held {
    key: String,
    id: String,
}

impl Held {
    fn from(run: &Run) -> Outcome<Self> {
        let key = run.stdout.trim_end().to_owned();
        match apikeyd_protocol::key::ApiKey::parse(key.as_bytes()) {
            Ok(parsed) => Ok(Self { id: parsed.id().to_string(), key }),
            Err(error) => Err(format!("generate printed no key: {error}")),
        }
    }
}

fn issue(t: &mut Transcript) -> Outcome<Held> {
    t.chapter("Alice makes a key: it is shown once, and counts only when she saves");
    let drafted = t.ctl(&["generate", "alice", "--label", "laptop"]);
    drafted.exits(0)?;
    let held = Held::from(drafted.run())?;
    t.ctl_with_key(&["validate"], &held.key).refused()?;
    t.ctl(&["save", &held.id]).exits(0)?;
    t.ctl_with_key(&["validate"], &held.key).prints("alice")?;
    t.ctl(&["show", "alice"]).exits(0)?;
    t.say("one active key for each user: another cannot be added beside it");
    t.ctl(&["generate", "alice", "--save"]).exits(4)?;
    Ok(held)
}

fn check(t: &mut Transcript, held: &Held) -> Outcome {
    t.chapter("A service asks, for each request: is the key good, and may this be done with it?");
    t.ctl_with_key(&["validate", "--method", "GET", "--path", "/api/file/report.pdf"], &held.key)
        .prints("alice")?;
    t.say("the twelve operations of user and key management may not be done with a key");
    for (method, path) in DENIED {
        t.ctl_with_key(&["validate", "--method", method, "--path", path], &held.key).refused()?;
    }
    t.say("and what tries to walk around them is refused, too");
    for (method, path) in DETOURS {
        t.ctl_with_key(&["validate", "--method", method, "--path", path], &held.key).refused()?;
    }
    Ok(())
}

fn replace(t: &mut Transcript, old: &Held) -> Outcome<Held> {
    t.chapter("Alice replaces her key: the old one ends in the same step");
    let replaced = t.ctl(&["generate", "alice", "--replace", "--save"]);
    replaced.exits(0)?;
    let new = Held::from(replaced.run())?;
    t.ctl_with_key(&["validate"], &old.key).refused()?;
    t.ctl_with_key(&["validate"], &new.key).prints("alice")?;
    Ok(new)
}

fn end_with_the_password(t: &mut Transcript, held: &Held) -> Outcome {
    t.chapter("Alice changes her password: her key ends with the old one");
    t.ctl(&["credentials-changed", "alice", "--cause", "change"]).exits(0)?;
    t.ctl_with_key(&["validate"], &held.key).refused()?;
    t.ctl(&["show", "alice"]).exits(3)
}

fn audit(t: &mut Transcript) -> Outcome {
    t.chapter("The auditor reads what happened, and that nobody changed the record of it");
    t.ctl(&["audit", "list"]).exits(0)?;
    t.ctl(&["audit", "verify"]).exits(0)
}
