//! A service that goes on asking: threads that validate one key, each time anew, until standard input ends. Prints
//! how many answers there were, how many were no acceptance, and how many requests got none. For `systemd/try`, which
//! stops and starts the daemon meanwhile.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a campaign prints what it saw"
)]

use apikeyd_client::{Client, Verdict};
use std::io::Read as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const THREADS: usize = 4;

fn main() -> ExitCode {
    let key = std::env::args_os().nth(1).expect("a file that holds the key");
    let key = std::fs::read_to_string(key).expect("the key");
    let client = Client::builder().cache(false).connect().expect("a daemon");
    let [accepted, refused, lost] = [const { AtomicU64::new(0) }; 3];
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let counter = match client.validate_text(key.trim_end()) {
                        Ok(Verdict::Valid(_)) => &accepted,
                        Ok(Verdict::Refused(_)) => &refused,
                        Err(error) => {
                            eprintln!("lost: {error}");
                            &lost
                        }
                    };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // The end of the input is the end of the run.
        let _ended = std::io::stdin().read_to_end(&mut Vec::new());
        stop.store(true, Ordering::Relaxed);
    });
    let [accepted, refused, lost] = [accepted, refused, lost].map(AtomicU64::into_inner);
    println!("{accepted} accepted, {refused} refused, {lost} lost");
    if refused + lost == 0 && accepted > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
