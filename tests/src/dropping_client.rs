//! A process that changes its user and groups under a client that is connected, and says what it may do then.

use apikeyd_client::{AsyncClient, Client, Error, Verdict, WelcomeCode};
use apikeyd_protocol::right::RightSet;
use nix::unistd::{Gid, Uid, getgroups, setegid, seteuid, setgroups, setuid};
use std::ffi::OsStr;
use std::io::Write as _;
use std::process::ExitCode;

/// A user without rights of its own.
const USER: u32 = 4401;
/// A group without rights.
const GROUP: u32 = 4402;
/// The group that may validate.
pub const VALIDATORS: u32 = 4301;

/// One of the two clients.
enum Either {
    Blocking(Client),
    Asynchronous(AsyncClient, tokio::runtime::Runtime),
}

impl Either {
    /// What the daemon says that this process may do.
    fn rights(&self) -> String {
        let status = match self {
            Self::Blocking(client) => client.status(),
            Self::Asynchronous(client, runtime) => runtime.block_on(client.status()),
        };
        match status {
            Ok(status) => status.rights.bits().to_string(),
            // Who has none is not even welcome.
            Err(Error::Refused { code: WelcomeCode::NotPermitted, .. }) => RightSet::EMPTY.bits().to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Whether a key is accepted, and the cache said so.
    fn is_accepted_from_the_cache(&self, key: &str) -> bool {
        let hits = || match self {
            Self::Blocking(client) => client.cache_statistics().hits,
            Self::Asynchronous(client, _) => client.cache_statistics().hits,
        };
        let before = hits();
        let verdict = match self {
            Self::Blocking(client) => client.validate(key),
            Self::Asynchronous(client, runtime) => runtime.block_on(client.validate(key)),
        };
        matches!(verdict, Ok(Verdict::Valid(_))) && hits() > before
    }
}

/// The process's part, with a key on standard input: prints one line after each change.
#[must_use]
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(socket), Some(kind)) = (arguments.next(), arguments.next()) else { return ExitCode::from(2) };
    let key = std::io::read_to_string(std::io::stdin()).expect("a key");
    let said = run(&client(&socket, &kind), key.trim_end());
    std::io::stdout().write_all(said.as_bytes()).expect("who reads the answers");
    ExitCode::SUCCESS
}

fn client(socket: &OsStr, kind: &OsStr) -> Either {
    let builder = Client::builder().socket(socket);
    if kind == "blocking" {
        return Either::Blocking(builder.build().expect("a client"));
    }
    // More threads than one: the C library changes all of them.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    Either::Asynchronous(builder.build_async().expect("a client"), runtime)
}

fn run(client: &Either, key: &str) -> String {
    let mut said = String::new();
    let mut say = |what: &str, answer: String| said.extend([what, " ", &answer, "\n"]);
    let cached = || client.is_accepted_from_the_cache(key).to_string();
    let begun = std::time::Instant::now();
    while !client.is_accepted_from_the_cache(key) {
        assert!(begun.elapsed().as_secs() < 30, "no cache");
    }
    say("root", client.rights());
    let user = Uid::from_raw(USER);
    let groups = getgroups().expect("groups");
    setgroups(&[Gid::from_raw(VALIDATORS)]).and_then(|()| seteuid(user)).expect("another user");
    say("user", client.rights());
    say("cached", cached());
    seteuid(Uid::from_raw(0)).and_then(|()| setgroups(&[])).and_then(|()| seteuid(user)).expect("no groups");
    say("groups", client.rights());
    seteuid(Uid::from_raw(0)).and_then(|()| setgroups(&groups)).expect("root again");
    say("root", client.rights());
    setgroups(&[]).and_then(|()| seteuid(user)).and_then(|()| seteuid(Uid::from_raw(0))).expect("root again");
    setegid(Gid::from_raw(VALIDATORS)).and_then(|()| seteuid(user)).expect("another group");
    say("group", client.rights());
    seteuid(Uid::from_raw(0)).and_then(|()| setegid(Gid::from_raw(GROUP))).expect("root again");
    setuid(user).expect("another user");
    say("dropped", client.rights());
    say("cached", cached());
    said
}
