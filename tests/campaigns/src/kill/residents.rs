//! Keys of users whom nobody touches: they make the database as large as a busy host's.

use apikeyd_client::{AsyncClient, Generate, KeyId, SaveMode, UserId};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const CONNECTIONS: usize = 8;
const CALLERS: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(60);

/// Saves a key for each of `count` users.
pub(crate) fn settle(socket: &Path, count: u64) -> BTreeSet<KeyId> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let next = Arc::new(AtomicU64::new(0));
        let mut callers = Vec::new();
        for _ in 0..CONNECTIONS {
            let builder = AsyncClient::builder().socket(socket).cache(false).timeout(TIMEOUT);
            let client = builder.build_async().expect("a client");
            for _ in 0..CALLERS {
                let (client, next) = (client.clone(), Arc::clone(&next));
                callers.push(tokio::spawn(async move { settle_some(&client, &next, count).await }));
            }
        }
        let mut all = BTreeSet::new();
        for caller in callers {
            all.extend(caller.await.expect("some residents"));
        }
        all
    })
}

async fn settle_some(client: &AsyncClient, next: &AtomicU64, count: u64) -> Vec<KeyId> {
    let mut saved = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return saved;
        }
        let user = UserId::parse(&format!("resident-{number}")).expect("a user's name");
        let draft = client.generate(&Generate::new(user)).await.expect("a draft");
        client.save(draft.key_id, SaveMode::Add).await.expect("a resident");
        saved.push(draft.key_id);
    }
}
