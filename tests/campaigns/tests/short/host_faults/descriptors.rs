//! A daemon that may open sixty-four files.

use super::{Before, binary};
use apikeyd_campaigns::hostile::vitals::Vitals;
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::scratch::Scratch;
use apikeyd_protocol::hello::Hello;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

fn with_64_descriptors(scratch: &Scratch) -> Daemon {
    Start::program(scratch, Path::new("/bin/sh"))
        .arg("-c")
        .arg("ulimit -n 64; exec \"$0\" \"$@\"")
        .arg(scratch.daemon())
        .ready()
}

#[test]
fn without_descriptors_those_who_are_in_are_served_and_the_processor_rests() {
    let scratch = Scratch::new(binary());
    let daemon = with_64_descriptors(&scratch);
    let before = Before::the_fault(daemon.socket());
    // More than it can accept. Those that it accepts are greeted and stay; the rest waits in the queue of the socket.
    let mut crowd: Vec<RawClient> = (0..100).map(|_| RawClient::silent(daemon.socket())).collect();
    crowd.iter_mut().for_each(|peer| peer.send(&Hello::CURRENT.encode()));
    let deadline = Instant::now() + super::PATIENCE;
    while !daemon.log().contains("could not be accepted") {
        assert!(Instant::now() < deadline, "{}", daemon.log());
        thread::sleep(Duration::from_millis(5));
    }
    before.assert_validates();
    let draft = before.draft("in between");
    before.client.save(draft, apikeyd_client::SaveMode::Add).expect("a change needs no descriptor");
    before.assert_backup_fails_alone();
    before.assert_validates();
    let vitals = Vitals::of(daemon.pid());
    let (begin, used) = (Instant::now(), vitals.processor_time());
    thread::sleep(Duration::from_secs(1));
    let (time, used) = (begin.elapsed(), vitals.processor_time() - used);
    // A loop that does not rest uses a whole processor; on a loaded machine less is used, never more.
    assert!(used < time / 2, "{used:?} of {time:?}");

    drop(crowd);
    let newcomer = RawClient::greeted(daemon.socket());
    before.assert_heals();
    drop(newcomer);
}
