//! A service that goes on asking, for `systemd/try`, which stops and starts the daemon meanwhile.

use apikeyd_client::{Client, Verdict};
use clap::Args;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const THREADS: usize = 4;

/// A service that goes on asking: threads that validate one key, each time anew, until standard input ends.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A file that holds the key.
    key: PathBuf,
}

/// Prints how many answers there were, how many refused the key, and how many requests got none.
#[must_use]
pub fn main(arguments: &Arguments) -> ExitCode {
    let key = std::fs::read_to_string(&arguments.key).expect("the key");
    let client = Client::builder().cache(false).connect().expect("a daemon");
    let [accepted, refused, lost] = [const { AtomicU64::new(0) }; 3];
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let counter = match client.validate(key.trim_end()) {
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
