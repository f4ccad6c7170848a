//! A process that gives up being root: what its client asks then, it asks as who it is.

use crate::support::House;
use apikeyd_kit::programs;
use apikeyd_kit::users::is_root;
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_tests::dropping_client::VALIDATORS;
use std::fs::File;

#[test]
fn a_client_asks_with_the_rights_of_the_user_that_the_process_has_become() {
    if !is_root() {
        return;
    }
    let config = format!("[rights]\nvalidate = {{ groups = [{VALIDATORS}] }}\n");
    let house =
        House::open_with(|start, scratch| start.arg("--config").arg(scratch.write("apikeyd.toml", config)));
    let key = house.issue("alice");
    let all =
        RightSet::EMPTY.with(Right::Validate).with(Right::Issue).with(Right::Inspect).with(Right::Admin);
    let (all, validate, none) =
        (all.bits(), RightSet::EMPTY.with(Right::Validate).bits(), RightSet::EMPTY.bits());
    for kind in ["blocking", "asynchronous"] {
        let mut command = programs::command(&house.scratch.path(programs::DROPPING_CLIENT));
        let command = command.arg(house.daemon.socket()).arg(kind);
        let stdin = File::open(house.scratch.write("key", &key.text)).expect("a key");
        let output = command.stdin(stdin).output().expect("a process");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // What it was told when it might ask, it remembers.
        let expected = format!(
            "root {all}\nuser {validate}\ncached true\ngroups {none}\nroot {all}\ngroup {validate}\n\
             dropped {none}\ncached true\n"
        );
        assert_eq!(said, expected, "{kind}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
