//! Durable saves: each caller replaces the key of its own user, one after the other.

use apikeyd_client::{Client, UserId};
use apikeyd_protocol::message::Generate;
use apikeyd_protocol::term::SaveMode;
use std::path::Path;
use std::time::{Duration, Instant};

/// Saves in a second by so many callers, each a thread with a connection.
pub(crate) fn round(socket: &Path, callers: u32, length: Duration) -> f64 {
    let begun = Instant::now();
    let threads: Vec<_> = (0..callers)
        .map(|number| {
            let client = Client::builder().socket(socket).build().unwrap();
            std::thread::spawn(move || caller(&client, number, length))
        })
        .collect();
    let saves: u32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    f64::from(saves) / begun.elapsed().as_secs_f64()
}

fn caller(client: &Client, number: u32, length: Duration) -> u32 {
    let user = UserId::parse(&format!("saver-{number}")).unwrap();
    let begun = Instant::now();
    let mut saves = 0;
    while begun.elapsed() < length {
        let draft = client.generate(&Generate::new(user.clone())).unwrap();
        let mode = if saves == 0 { SaveMode::Add } else { SaveMode::Replace };
        client.save(draft.key_id, mode).unwrap();
        saves += 1;
    }
    client.delete_user(&user).unwrap();
    saves
}
