//! After a miss: the verdict is kept, and the daemon is asked for what is missing for that.
//!
//! What fails here fails silently: the verdict is there, and the next one is asked for, as this one was.

use super::links::Links;
use crate::cache::{Cache, Miss, Step, Wish};
use crate::deadline::Deadline;
use crate::request::{AskPage, AskPolicySummary};
use std::sync::Arc;

/// Keeps the verdict if the page can tell how long it stands.
pub(super) async fn refill(miss: &Miss<'_>, links: &Arc<Links>, deadline: Deadline) {
    let mut wish = miss.keep();
    if wish == Some(Wish::Page) {
        let before = Cache::clock();
        miss.cache.take_page(before, links.ask_for_descriptor(&AskPage::ASK, deadline).await);
        wish = miss.keep();
    }
    if wish == Some(Wish::Policy) {
        get_policy(miss.cache, links);
    }
}

/// In a task of its own, which keeps neither the cache nor the connection for longer than one page takes.
fn get_policy(cache: &Cache, links: &Arc<Links>) {
    let Some(mut fetch) = cache.fetch_policy() else { return };
    let links = Arc::downgrade(links);
    tokio::spawn(async move {
        while let Some((step, deadline)) = fetch.next() {
            let Some(links) = links.upgrade() else { return };
            let goes_on = match step {
                Step::Summary => fetch.compare(links.ask(&AskPolicySummary::ASK, deadline).await),
                Step::Rows(rows) => fetch.add(links.ask(&rows, deadline).await),
            };
            if !goes_on {
                return;
            }
        }
        fetch.finish();
    });
}
