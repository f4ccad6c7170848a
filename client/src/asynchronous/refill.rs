//! After a miss: stores the verdict, and asks the daemon for what the cache lacks.
//!
//! A failure here is not reported: the verdict is there, and the daemon will be asked for the next one too.

use super::links::Links;
use crate::cache::{Cache, Miss, Missing, Step};
use crate::deadline::Deadline;
use crate::request::{EMPTY, asked};
use apikeyd_protocol::operation;
use std::sync::Arc;

/// Stores the verdict if there is a page that tells how long it is fresh.
pub(super) async fn refill(miss: &Miss<'_>, links: &Arc<Links>, deadline: Deadline) {
    let mut missing = miss.store();
    if missing == Some(Missing::Page) {
        let before = Cache::clock();
        miss.cache.take_page(
            before,
            links.ask_for_descriptor(&asked::<operation::RevocationPage>(&EMPTY), deadline).await,
        );
        missing = miss.store();
    }
    if missing == Some(Missing::Policy) {
        get_policy(miss.cache, links);
    }
}

/// In a task of its own, which keeps neither the cache nor the connection alive for longer than one page takes.
fn get_policy(cache: &Cache, links: &Arc<Links>) {
    let Some(mut fetch) = cache.fetch_policy() else { return };
    let links = Arc::downgrade(links);
    tokio::spawn(async move {
        while let Some((step, deadline)) = fetch.next() {
            let Some(links) = links.upgrade() else { return };
            let goes_on = match step {
                Step::Summary => {
                    fetch.compare(links.ask(&asked::<operation::PolicySummary>(&EMPTY), deadline).await)
                }
                Step::Rows(rows) => {
                    fetch.add(links.ask(&asked::<operation::PolicyRows>(&rows), deadline).await)
                }
            };
            if !goes_on {
                return;
            }
        }
        fetch.finish();
    });
}
