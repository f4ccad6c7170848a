//! Daemons on copies of one store: the same store id, and so the same name for the page, in one directory.

use super::{PATIENCE, is_accepted, issue, until, warm};
use crate::support::binary;
use apikeyd_client::{ApiKey, Client};
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use std::path::PathBuf;
use std::process::Command;

/// A store and its copy, each with a socket in the one directory.
struct Copies {
    scratch: Scratch,
    key: ApiKey,
}

impl Copies {
    fn make() -> Self {
        let scratch = Scratch::new(binary());
        let original = Daemon::start(&scratch);
        let key = issue(&client(&original), "alice");
        assert!(original.stop().success());
        let copied = Command::new("cp").arg("-a").arg(scratch.state()).arg(scratch.path("copy")).status();
        assert!(copied.expect("cp").success());
        Self { scratch, key }
    }

    fn original(&self) -> Daemon {
        Daemon::start(&self.scratch)
    }

    fn copy(&self) -> Daemon {
        let start = Start::new(&self.scratch).state_dir(self.scratch.path("copy"));
        start.socket(self.scratch.path("copy.sock")).ready()
    }

    /// The page beside the database of a store.
    fn beside(&self, state: &str) -> PathBuf {
        self.scratch.path(state).join(self.scratch.page_name())
    }
}

fn client(daemon: &Daemon) -> Client {
    Client::builder().socket(daemon.socket()).timeout(PATIENCE).build().expect("a client")
}

#[test]
fn two_daemons_on_copies_of_a_store_have_a_page_each() {
    let copies = Copies::make();
    let Copies { scratch, key } = &copies;
    let original = copies.original();
    let of_original = client(&original);
    warm(&of_original, key);
    let copy = copies.copy();
    let of_copy = client(&copy);
    warm(&of_copy, key);
    // It says which file it would have had, and has the next place.
    let log = copy.log();
    assert!(
        log.contains("in use by another daemon") && log.contains(scratch.page().to_str().expect("a path")),
        "{log}"
    );
    assert!(copies.beside("copy").exists());
    // What the one revokes is not revoked in the other, and when the one is gone its clients ask.
    of_original.delete(key.id()).expect("an end");
    assert!(!is_accepted(&of_original.validate(key)));
    warm(&of_copy, key);
    copy.kill();
    until("the lease of the copy is over", || of_copy.with_timeout(super::HASTE).validate(key).is_err());
    warm(&of_original, &issue(&of_original, "bob"));
}

/// Both have had the same starts, as far as the numbers tell. Only the original's last page is another file, which may
/// even be gone when it is looked for.
#[test]
fn a_daemon_does_not_go_on_with_the_page_of_its_copy() {
    for is_removed in [false, true] {
        let copies = Copies::make();
        let Copies { scratch, key } = &copies;
        let copy = copies.copy();
        warm(&client(&copy), key);
        assert!(scratch.page().exists() && !copies.beside("copy").exists(), "it has the first place");
        let original = copies.original();
        let of_original = client(&original);
        warm(&of_original, key);
        assert!(copies.beside("state").exists());
        copy.kill();
        original.kill();
        if is_removed {
            std::fs::remove_file(copies.beside("state")).expect("a page");
        }
        // The first place is free again, and what stands there is the page of a start of this store id and this number.
        let original = copies.original();
        client(&original).delete(key.id()).expect("an end");
        assert!(!is_accepted(&of_original.validate(key)), "accepted after the answer");
        assert!(!copies.beside("state").exists(), "a store has one page");
    }
}
