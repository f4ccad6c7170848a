//! Filling a store through its daemon's socket, as many services at once would.

use apikeyd_client::{ApiKey, AsyncClient, Client, Generate, Generated, SaveMode, UserId};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const CONNECTIONS: usize = 8;
const CALLERS: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Makes a key for a user.
#[must_use]
pub fn issue(client: &Client, user: &str) -> ApiKey {
    let draft = client.generate(&Generate::new(UserId::parse(user).expect("a user"))).expect("a draft");
    client.save(draft.key_id, SaveMode::Add).expect("a key");
    draft.key
}

/// Saves a key for each of `count` users, who are called by their number, and gives what `keep` makes of each.
pub fn fill<T: Send + 'static>(
    socket: &Path,
    count: u64,
    name: fn(u64) -> String,
    keep: impl Fn(u64, Generated) -> Option<T> + Clone + Send + 'static,
) -> Vec<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let next = Arc::new(AtomicU64::new(0));
        let mut callers = Vec::new();
        for _ in 0..CONNECTIONS {
            let builder = AsyncClient::builder().socket(socket).cache(false).timeout(TIMEOUT);
            let client = builder.build_async().expect("a client");
            for _ in 0..CALLERS {
                let (client, next, keep) = (client.clone(), Arc::clone(&next), keep.clone());
                callers.push(tokio::spawn(async move {
                    let mut kept = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return kept;
                        }
                        let user = UserId::parse(&name(number)).expect("a user's name");
                        let draft = client.generate(&Generate::new(user)).await.expect("a draft");
                        client.save(draft.key_id, SaveMode::Add).await.expect("a key");
                        kept.extend(keep(number, draft));
                    }
                }));
            }
        }
        let mut all = Vec::new();
        for caller in callers {
            all.extend(caller.await.expect("some keys"));
        }
        all
    })
}
