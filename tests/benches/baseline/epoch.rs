//! What the first request after an epoch change costs a client that caches, beside an ordinary request.

use apikeyd_client::{ApiKey, Client, Operation, UserId};
use apikeyd_kit::daemon::Start;
use apikeyd_kit::scratch::Scratch;
use apikeyd_protocol::message::Generate;
use apikeyd_protocol::term::SaveMode;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const ROUNDS: usize = 16;

/// Longer than the client waits before it asks for another table.
const PAUSE: Duration = Duration::from_millis(1_200);

/// A reload in each round: of a remark alone, so that the rows stay, and of another row, in turns.
pub(crate) fn run(rows: usize) {
    let scratch = Scratch::new(Path::new(env!("CARGO_BIN_EXE_tour")));
    let path = scratch.write("policy.toml", table(rows, 0));
    let daemon = Start::new(&scratch).arg("--policy").arg(path).ready();
    let [caching, plain] =
        [true, false].map(|cache| Client::builder().socket(daemon.socket()).cache(cache).build().unwrap());
    let generate = Generate::new(UserId::parse("alice").unwrap());
    let key = plain.generate(&generate).unwrap().key;
    plain.save(key.id(), SaveMode::Add).unwrap();
    println!("\n{rows} rows, the first request after an epoch change, {ROUNDS} rounds");
    for (what, changes) in [("the same rows", false), ("other rows", true)] {
        let (mut first, mut ordinary) = (Vec::new(), Vec::new());
        for round in 1..=ROUNDS {
            until_kept(&caching, &key);
            std::thread::sleep(PAUSE);
            let _ = scratch.write(
                "policy.toml",
                format!("# {what} {round}\n{}", table(rows, usize::from(changes) * round)),
            );
            assert!(plain.reload().unwrap().policy_changed);
            timed(&plain, &key);
            // In this order: the fetch that the first request begins takes part of the processor.
            ordinary.push(timed(&plain, &key));
            first.push(timed(&caching, &key));
        }
        let [first, ordinary] = [first, ordinary].map(super::median);
        println!(
            "  {what:<16} {first:>8.1} us   ordinary {ordinary:>8.1} us   ratio {:.2}",
            first / ordinary
        );
    }
}

fn table(rows: usize, changed: usize) -> String {
    let mut text = String::from("default = \"allow\"\ncase_sensitive = false\n");
    for row in 0..rows {
        let name = if row == 0 { changed } else { row };
        write!(text, "[[operation]]\nname = \"operation {name}\"\nmethod = \"GET\"\npath = \"/api/closed/{row}/{{id}}\"\n")
            .unwrap();
    }
    text
}

fn ask(client: &Client, key: &ApiKey) {
    assert!(client.authorize(key, Operation::new("GET", "/api/orders/17")).unwrap().valid().is_some());
}

/// In microseconds.
fn timed(client: &Client, key: &ApiKey) -> f64 {
    let begun = Instant::now();
    ask(client, key);
    begun.elapsed().as_secs_f64() * 1e6
}

/// Until the cache answers.
fn until_kept(client: &Client, key: &ApiKey) {
    loop {
        let before = client.cache_statistics().hits;
        ask(client, key);
        if client.cache_statistics().hits > before {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
