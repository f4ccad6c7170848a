//! Revocation while other processes remember verdicts.

use super::rate;
use apikeyd_client::{Client, UserId};
use apikeyd_protocol::message::Generate;
use apikeyd_protocol::term::SaveMode;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Makes this binary a client that caches.
pub(crate) const FLAG: &str = "--cache-for-ever";

/// Keys that are revoked in a round, at most.
const KEYS: usize = 4096;

/// How often a client uses its cache: seldom enough that many of them leave the processors to the daemon.
const PAUSE: Duration = Duration::from_millis(20);

/// Revocations answered in a second, one after the other, while `clients` processes cache.
pub(crate) fn round(socket: &Path, keys: &Path, clients: usize, length: Duration) -> f64 {
    let mut caching: Vec<Child> = (0..clients).map(|_| start(socket, keys)).collect();
    caching.iter_mut().for_each(wait_until_it_caches);
    let client = Client::builder().socket(socket).build().unwrap();
    let ids: Vec<_> = (0..KEYS)
        .map(|number| {
            let user = UserId::parse(&format!("revoked-{number}")).unwrap();
            client.generate(&Generate::new(user)).unwrap().key_id
        })
        .collect();
    std::thread::scope(|scope| {
        for some in ids.chunks(KEYS / 64) {
            let client = &client;
            scope.spawn(move || some.iter().for_each(|id| _ = client.save(*id, SaveMode::Add).unwrap()));
        }
    });
    let begun = Instant::now();
    let mut revoked = 0_u32;
    for id in ids.iter().take_while(|_| begun.elapsed() < length) {
        client.delete(*id).unwrap();
        revoked += 1;
    }
    let rate = f64::from(revoked) / begun.elapsed().as_secs_f64();
    ids.iter().skip(usize::try_from(revoked).unwrap()).for_each(|id| _ = client.delete(*id).unwrap());
    for mut child in caching {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    rate
}

/// Validates a hundred keys, says so, and then goes on from time to time.
pub(crate) fn cache_for_ever(socket: &Path, keys: &Path) {
    let client = Client::builder().socket(socket).build().unwrap();
    let keys: Vec<_> = rate::keys(keys).into_iter().take(100).collect();
    let validate_all =
        || keys.iter().for_each(|key| assert!(client.validate(key).unwrap().valid().is_some()));
    validate_all();
    validate_all();
    assert!(client.cache_statistics().hits > 0, "this client does not cache");
    println!();
    loop {
        std::thread::sleep(PAUSE);
        validate_all();
    }
}

fn start(socket: &Path, keys: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(FLAG).arg(socket).arg(keys).stdout(Stdio::piped()).spawn().unwrap()
}

fn wait_until_it_caches(child: &mut Child) {
    let mut line = String::new();
    let stdout = child.stdout.as_mut().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    assert_eq!(line, "\n", "the client ended");
}
