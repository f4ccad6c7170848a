//! Filling a store without a socket, many saves in each transaction.

use super::{peer, permit};
use apikeyd::operations::Service;
use apikeyd_protocol::message::{Generate, Generated, Save};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::term::SaveMode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Saves that wait at a time; the writer takes 256 into one transaction.
const CALLERS: usize = 1024;

/// Saves a key for each of `count` users, who are called by their number, and gives what `keep` makes of each.
pub fn fill<T: Send + 'static>(
    service: &Arc<Service>,
    count: u64,
    name: fn(u64) -> String,
    keep: impl Fn(u64, Generated) -> Option<T> + Clone + Send + 'static,
) -> Vec<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    runtime.expect("a runtime").block_on(async {
        let next = Arc::new(AtomicU64::new(0));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (service, next, keep) = (Arc::clone(service), Arc::clone(&next), keep.clone());
                tokio::spawn(async move {
                    let (caller, mut kept) = (peer(0), Vec::new());
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return kept;
                        }
                        let user = UserId::parse(&name(number)).expect("a user's name");
                        let draft = service.generate(&permit(&service, &caller), Generate::new(user));
                        let draft = draft.expect("a draft");
                        let save = Save::new(draft.key_id, SaveMode::Add);
                        service.save(&permit(&service, &caller), save).await.expect("a key");
                        kept.extend(keep(number, draft));
                    }
                })
            })
            .collect();
        let mut all = Vec::new();
        for caller in callers {
            all.extend(caller.await.expect("some keys"));
        }
        all
    })
}
