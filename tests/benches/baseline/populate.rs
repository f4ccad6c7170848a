//! Fills a store through the socket, as services would.

use apikeyd_client::{ApiKey, AsyncClient, UserId};
use apikeyd_protocol::message::Generate;
use apikeyd_protocol::term::SaveMode;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Keys that are kept for asking: enough to miss the processor's caches, as real users would.
const SAMPLE: u64 = 20_480;
const CONNECTIONS: u64 = 8;
const CALLERS: u64 = 64;

/// Saves `keys` keys, and gives some of them, spread evenly.
pub(crate) fn populate(socket: &Path, keys: u64) -> Vec<ApiKey> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let next = Arc::new(AtomicU64::new(0));
        let stride = keys.div_ceil(SAMPLE).max(1);
        let mut callers = Vec::new();
        for _ in 0..CONNECTIONS {
            let client = AsyncClient::builder().socket(socket).build_async().unwrap();
            for _ in 0..CALLERS {
                let (client, next) = (client.clone(), Arc::clone(&next));
                callers.push(tokio::spawn(async move { save_some(&client, &next, keys, stride).await }));
            }
        }
        let mut sample = Vec::new();
        for caller in callers {
            sample.extend(caller.await.unwrap());
        }
        // A small store is asked for the same keys again and again.
        let distinct = sample.len();
        for at in 0..usize::try_from(SAMPLE).unwrap().saturating_sub(distinct) {
            let again = ApiKey::parse(sample.get(at % distinct).unwrap().expose().as_bytes()).unwrap();
            sample.push(again);
        }
        sample
    })
}

async fn save_some(client: &AsyncClient, next: &AtomicU64, keys: u64, stride: u64) -> Vec<ApiKey> {
    let mut kept = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= keys {
            return kept;
        }
        let user = UserId::parse(&format!("user-{number}@example.com")).unwrap();
        let draft = client.generate(&Generate::new(user)).await.unwrap();
        client.save(draft.key_id, SaveMode::Add).await.unwrap();
        if number.is_multiple_of(stride) {
            kept.push(draft.key);
        }
    }
}
