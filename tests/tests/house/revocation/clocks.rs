//! Clocks that are not the ones that daemon and cache began with.

use super::{PATIENCE, assert_refused, hasty, is_accepted, issue, revoker, until, warm};
use crate::support::{House, Key, wall_ms};
use apikeyd_client::{ApiKey, Client, Error, Generate, KeyState, SaveMode, Timestamp, UserId};
use apikeyd_kit::daemon::Start;
use apikeyd_kit::programs;
use apikeyd_kit::scratch::Scratch;
use apikeyd_tests::caching_client::{Answered, CachingClient};
use apikeyd_tests::shifted_clock::{SHIFT_VARIABLE, shifted_by};
use rustix::process::Signal;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const HOUR_MS: i64 = 60 * 60 * 1_000;

#[test]
fn an_expiry_follows_a_step_of_the_wall_clock_and_is_not_undone_by_a_step_back() {
    let house = house_with_a_clock();
    let (client, revoker) = (client_with_a_clock(&house), revoker(&house));
    let (key, bystander) = (issue_for_half_an_hour(&revoker, "alice"), issue(&revoker, "bob"));
    warm(&client, &key);
    warm(&client, &bystander);
    step(&house.scratch, HOUR_MS);
    assert_refused(&client.validate(&key));
    warm(&client, &bystander);
    // The daemon writes the end down by itself; from then on no clock takes it back.
    until("the end is written", || {
        let record = revoker.retrieve_key(key.id()).expect("a record");
        matches!(record.state, KeyState::Revoked { .. }) && revoker.retrieve_user(&user("alice")).is_err()
    });
    until("the end is in the audit", || house.ctl.run(["audit", "list"]).stdout.contains("expire"));
    step(&house.scratch, 0);
    assert_refused(&client.validate(&key));
    assert_refused(&revoker.validate(&key));
    warm(&client, &bystander);
}

#[test]
fn an_expiry_needs_no_daemon() {
    let house = house_with_a_clock();
    let (client, revoker) = (client_with_a_clock(&house), revoker(&house));
    let (key, bystander) = (issue_for_half_an_hour(&revoker, "alice"), issue(&revoker, "bob"));
    warm(&client, &bystander);
    warm(&client, &key);
    house.daemon.freeze();
    step(&house.scratch, HOUR_MS);
    let verdict = hasty(&client).validate(&key);
    house.daemon.signal(Signal::CONT);
    assert!(matches!(verdict, Err(Error::TimedOut { .. })), "nobody was there to ask: {verdict:?}");
    // It was the clock, and not the daemon's standing still.
    step(&house.scratch, 0);
    until("the clock is right again", || is_accepted(&client.validate(&key)));
    assert!(is_accepted(&client.validate(&bystander)));
}

#[test]
fn a_client_in_another_time_namespace_asks_each_time() {
    if !can_be_in_another_time() {
        eprintln!("skipped: this process may not make a time namespace");
        return;
    }
    let house = House::open();
    let program = house.scratch.path(programs::CACHING_CLIENT);
    // The same program with the daemon's clock: its cache answers.
    let mut beside = CachingClient::start(programs::command(&program), house.daemon.socket());
    let control = house.issue("control");
    until("the cache answers", || beside.validate(&control.text).cached);
    // Behind is the worse: there the lease of a page would seem to run for longer.
    for (user, offset) in [("ahead", "100000"), ("behind", "-10")] {
        let mut elsewhere = CachingClient::start(in_another_time(&program, offset), house.daemon.socket());
        let key: Key = house.issue(user);
        for _ in 0..20 {
            let answered = elsewhere.validate(&key.text);
            assert_eq!(answered, Answered { accepted: true, cached: false }, "{user}");
        }
        assert_eq!(house.ctl.run(["delete", &key.id]).code, 0);
        assert_eq!(elsewhere.validate(&key.text), Answered { accepted: false, cached: false }, "{user}");
    }
    until("the cache answers still", || beside.validate(&control.text).cached);
}

fn house_with_a_clock() -> House {
    House::open_with(|_, scratch| {
        step(scratch, 0);
        let daemon = Start::program(scratch, &scratch.path(programs::SHIFTED_DAEMON));
        daemon.env(SHIFT_VARIABLE, shift_file(scratch))
    })
}

fn client_with_a_clock(house: &House) -> Client {
    let builder = Client::builder().socket(house.daemon.socket()).timeout(PATIENCE);
    builder.wall_clock(shifted_by(shift_file(&house.scratch))).build().expect("a client")
}

/// Steps the wall clock of the daemon and of its clients.
fn step(scratch: &Scratch, ms: i64) {
    // Renamed into place: they read it at any time.
    let next = scratch.write("shift.next", ms.to_string());
    std::fs::rename(next, shift_file(scratch)).expect("a file to rename");
}

fn shift_file(scratch: &Scratch) -> std::path::PathBuf {
    scratch.path("shift")
}

fn issue_for_half_an_hour(revoker: &Client, name: &str) -> ApiKey {
    let expires_at = Timestamp::from_unix_millis(wall_ms()).saturating_add(Duration::from_secs(30 * 60));
    let request = Generate::new(user(name)).expires_at(expires_at);
    let draft = revoker.generate(&request).expect("a draft");
    revoker.save(draft.key_id, SaveMode::Add).expect("a key");
    draft.key
}

fn user(name: &str) -> UserId {
    UserId::parse(name).expect("a user")
}

/// `unshare` (util-linux) makes the namespace; its own clock stays, its child's is the other one.
fn in_another_time(program: &Path, offset_s: &str) -> Command {
    let mut command = programs::command(Path::new("unshare"));
    command.args(["--time", "--fork", "--kill-child", "--monotonic", offset_s, "--"]).arg(program);
    command
}

fn can_be_in_another_time() -> bool {
    in_another_time(Path::new("true"), "-10")
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|end| end.success())
}
