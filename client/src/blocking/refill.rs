//! After a miss: the verdict is kept, and the daemon is asked for what is missing for that.
//!
//! What fails here fails silently: the verdict is there, and the next one is asked for, as this one was.

use super::Pools;
use crate::cache::{Cache, Miss, Wish};
use crate::deadline::Deadline;
use crate::request::AskPage;
use apikeyd_protocol::message::PolicyRows;

/// Keeps the verdict if the page can tell how long it stands.
pub(super) fn refill(miss: &Miss<'_>, pools: &Pools, deadline: Deadline) {
    let mut wish = miss.keep();
    if wish == Some(Wish::Page) {
        let before = Cache::clock();
        miss.cache.take_page(before, pools.ask_for_descriptor(&AskPage::ASK, deadline));
        wish = miss.keep();
    }
    if wish == Some(Wish::Policy) {
        get_policy(miss.cache, pools, deadline);
    }
}

fn get_policy(cache: &Cache, pools: &Pools, deadline: Deadline) {
    let Some(mut table) = cache.begin_policy() else { return };
    while let Some(from) = table.next() {
        let Ok(page) = pools.ask(&PolicyRows { from }, deadline) else { return };
        if !table.add(page) {
            return;
        }
    }
    cache.put_policy(table);
}
