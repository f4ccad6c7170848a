//! After a miss: the verdict is kept, and the daemon is asked for what is missing for that.
//!
//! What fails here fails silently: the verdict is there, and the next one is asked for, as this one was.

use super::links::Links;
use crate::cache::{Cache, Miss, Wish};
use crate::deadline::Deadline;
use crate::request::AskPage;
use apikeyd_protocol::message::PolicyRows;

/// Keeps the verdict if the page can tell how long it stands.
pub(super) async fn refill(miss: &Miss<'_>, links: &Links, deadline: Deadline) {
    let mut wish = miss.keep();
    if wish == Some(Wish::Page) {
        let before = Cache::clock();
        miss.cache.take_page(before, links.ask_for_descriptor(&AskPage::ASK, deadline).await);
        wish = miss.keep();
    }
    if wish == Some(Wish::Policy) {
        get_policy(miss.cache, links, deadline).await;
    }
}

async fn get_policy(cache: &Cache, links: &Links, deadline: Deadline) {
    let Some(mut table) = cache.begin_policy() else { return };
    while let Some(from) = table.next() {
        let Ok(page) = links.ask(&PolicyRows { from }, deadline).await else { return };
        if !table.add(page) {
            return;
        }
    }
    cache.put_policy(table);
}
