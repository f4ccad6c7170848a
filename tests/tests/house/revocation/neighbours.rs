//! Two daemons of one user, and a page that is lost in each way in which one can be: after a stop or a kill every
//! client of the one asks again within one lease, whatever the other does.

use super::{hasty, is_accepted, issue, warm};
use crate::support::binary;
use apikeyd_client::{ApiKey, Client, Verdict};
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use apikeyd_kit::users::is_root;
use apikeyd_protocol::page::{BYTES, WAIT_OUT};
use std::fs::{self, DirBuilder, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long the client is tried after the answer: long enough to see a page that somebody else keeps alive.
const TRIED: Duration = Duration::from_millis(500);

/// What becomes of the first daemon's page once that daemon is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Kept,
    Removed,
    OtherMode,
    HardLinked,
    CutShort,
    Replaced,
    OtherOwner,
    DirectoryRemoved,
}

/// How the first daemon ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stopped,
    Killed,
}

/// Where the two daemons keep their pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Places {
    /// Both sockets in one directory, and no `page =`.
    OneDirectory,
    /// Each socket in a directory of its own, and the same `page =` in both configurations.
    OneSetting,
}

const LOSSES: [Loss; 8] = [
    Loss::Kept,
    Loss::Removed,
    Loss::OtherMode,
    Loss::HardLinked,
    Loss::CutShort,
    Loss::Replaced,
    Loss::OtherOwner,
    Loss::DirectoryRemoved,
];

/// Two daemons, each with a client whose cache answers for a key.
struct Two {
    scratch: Scratch,
    places: Places,
    first: Option<Daemon>,
    second: Daemon,
    client: Client,
    key: ApiKey,
    neighbour: Client,
    neighbours_key: ApiKey,
}

impl Two {
    fn run(places: Places) -> Self {
        let scratch = Scratch::new(binary());
        let page = scratch.path("shared/apikeyd.page");
        for directory in ["run", "run-too", "shared"] {
            DirBuilder::new().create(scratch.path(directory)).expect("a directory");
        }
        drop(scratch.write("same.toml", format!("page = {page:?}\n")));
        let (first, second) =
            (start(&scratch, places, "state", "run"), start(&scratch, places, "state-too", "run-too"));
        let (client, neighbour) = (client_of(&first), client_of(&second));
        let (key, neighbours_key) = (issue(&client, "alice"), issue(&neighbour, "bob"));
        warm(&client, &key);
        warm(&neighbour, &neighbours_key);
        Self { scratch, places, first: Some(first), second, client, key, neighbour, neighbours_key }
    }

    /// The page of the first daemon.
    fn page(&self) -> PathBuf {
        let directory = match self.places {
            Places::OneDirectory => "run",
            Places::OneSetting => "shared",
        };
        let store_id = self.client.status().expect("a status").store_id;
        self.scratch.path(directory).join(format!("apikeyd-{:032x}.page", u128::from_be_bytes(store_id)))
    }

    /// Ends the first daemon and spoils its page. Gives the time at which it was surely gone.
    fn end(&mut self, end: End, loss: Loss) -> Instant {
        let page = self.page();
        let first = self.first.take().expect("a first daemon");
        match end {
            End::Stopped => assert!(first.stop().success()),
            End::Killed => first.kill(),
        }
        let gone = Instant::now();
        spoil(&page, loss);
        gone
    }

    fn restart(&mut self) {
        self.first = Some(start(&self.scratch, self.places, "state", "run"));
    }
}

fn start(scratch: &Scratch, places: Places, state: &str, run: &str) -> Daemon {
    // One name for the sockets' directory, or two.
    let run = if places == Places::OneDirectory { "run" } else { run };
    let start = Start::new(scratch)
        .state_dir(scratch.path(state))
        .socket(scratch.path(run).join(format!("{state}.sock")));
    match places {
        Places::OneDirectory => start.ready(),
        Places::OneSetting => start.arg("--config").arg(scratch.path("same.toml")).ready(),
    }
}

fn client_of(daemon: &Daemon) -> Client {
    Client::builder().socket(daemon.socket()).timeout(super::PATIENCE).build().expect("a client")
}

fn spoil(page: &Path, loss: Loss) {
    match loss {
        Loss::Kept => {}
        Loss::Removed => fs::remove_file(page).expect("a page"),
        Loss::OtherMode => fs::set_permissions(page, Permissions::from_mode(0o640)).expect("a page"),
        Loss::HardLinked => fs::hard_link(page, page.with_extension("kept")).expect("a page"),
        // By a byte: who has it mapped would be ended by a whole page of memory.
        Loss::CutShort => File::options()
            .write(true)
            .open(page)
            .and_then(|file| file.set_len(u64::try_from(BYTES).expect("a length") - 1))
            .expect("a page"),
        Loss::Replaced => {
            let copy = page.with_extension("copy");
            fs::copy(page, &copy).and_then(|_| fs::rename(&copy, page)).expect("a page");
        }
        Loss::OtherOwner => chown(page, Some(65_534), None).expect("a page"),
        Loss::DirectoryRemoved => {
            let directory = page.parent().expect("its directory");
            fs::remove_dir_all(directory).and_then(|()| fs::create_dir(directory)).expect("a directory");
        }
    }
}

/// Every case at once: each is mostly waiting.
fn each(places: Places, losses: &[Loss], case: impl Fn(&mut Two, End, Loss) + Sync) {
    let case = &case;
    thread::scope(|scope| {
        for loss in losses.iter().copied().filter(|loss| *loss != Loss::OtherOwner || is_root()) {
            for end in [End::Stopped, End::Killed] {
                scope.spawn(move || case(&mut Two::run(places), end, loss));
            }
        }
    });
}

#[track_caller]
fn assert_never_accepted_after(two: &Two, answered: Instant, what: &str) {
    let client = hasty(&two.client);
    while answered.elapsed() < TRIED {
        let verdict = client.validate(&two.key);
        let after = answered.elapsed();
        assert!(!is_accepted(&verdict), "{what}: accepted {after:?} after the answer");
    }
    assert!(matches!(two.client.validate(&two.key), Ok(Verdict::Refused(_))), "{what}");
}

fn without_a_restart(two: &mut Two, end: End, loss: Loss) {
    let gone = two.end(end, loss);
    let client = hasty(&two.client);
    while gone.elapsed() < WAIT_OUT + TRIED {
        let started = gone.elapsed();
        let accepted = is_accepted(&client.validate(&two.key));
        assert!(!accepted || started < WAIT_OUT, "{end:?}, {loss:?}: accepted {started:?} after the end");
    }
    warm_unless_unreachable(two, loss);
}

fn with_a_restart(two: &mut Two, end: End, loss: Loss) {
    two.end(end, loss);
    two.restart();
    two.client.delete(two.key.id()).expect("an end");
    assert_never_accepted_after(two, Instant::now(), &format!("{end:?}, {loss:?}"));
    warm_unless_unreachable(two, loss);
}

/// The other daemon goes on as before, unless nobody can reach its socket any more.
fn warm_unless_unreachable(two: &Two, loss: Loss) {
    if two.second.socket().exists() {
        warm(&two.neighbour, &two.neighbours_key);
    } else {
        assert_eq!(loss, Loss::DirectoryRemoved);
    }
}

#[test]
fn a_daemon_that_is_gone_is_believed_for_one_lease_whatever_its_neighbour_does() {
    each(Places::OneDirectory, &LOSSES, without_a_restart);
}

#[test]
fn a_daemon_that_comes_back_without_its_page_answers_when_nobody_trusts_it_whatever_its_neighbour_does() {
    each(Places::OneDirectory, &LOSSES, with_a_restart);
}

#[test]
fn daemons_with_the_same_page_in_their_configurations_have_a_page_each() {
    let losses = [Loss::Kept, Loss::Removed, Loss::DirectoryRemoved];
    each(Places::OneSetting, &losses, without_a_restart);
    each(Places::OneSetting, &losses, with_a_restart);
}
