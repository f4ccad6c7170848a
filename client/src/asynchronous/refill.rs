//! After a miss: the verdict is kept, and the daemon is asked for what is missing for that.
//!
//! What fails here fails silently: the verdict is there, and the next one is asked for, as this one was.

use super::links::Links;
use crate::cache::{Cache, Handed, Wish};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::request::AskPage;
use crate::verdict::Judged;
use apikeyd_protocol::key::ApiKey;
use apikeyd_protocol::message::PolicyRows;

/// Keeps the verdict if the page can tell how long it stands.
pub(super) async fn refill(
    cache: &Cache,
    links: &Links,
    deadline: Deadline,
    key: &ApiKey,
    has_operation: bool,
    judged: &Judged,
) {
    let mut wish = cache.keep(key, has_operation, judged);
    if wish == Some(Wish::Page) {
        get_page(cache, links, deadline).await;
        wish = cache.keep(key, has_operation, judged);
    }
    if wish == Some(Wish::Policy) {
        get_policy(cache, links, deadline).await;
    }
}

async fn get_page(cache: &Cache, links: &Links, deadline: Deadline) {
    let before = Cache::clock();
    match links.ask_for_descriptor(&AskPage::ASK, deadline).await {
        Ok((ready, file)) => cache.attach(Handed { before, ready, file, after: Cache::clock() }),
        // It has none, or does not know what that is.
        Err(Error::Answered { .. }) => cache.no_page(),
        // Asked again soon.
        Err(_) => {}
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
