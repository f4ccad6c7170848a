//! After a miss: the verdict is kept, and the daemon is asked for what is missing for that.
//!
//! What fails here fails silently: the verdict is there, and the next one is asked for, as this one was.

use super::Pools;
use crate::cache::{Cache, Miss, Wish};
use crate::deadline::Deadline;
use crate::request::AskPage;

/// Keeps the verdict if the page can tell how long it stands.
pub(super) fn refill(miss: &Miss<'_>, pools: &Pools, deadline: Deadline) {
    let mut wish = miss.keep();
    if wish == Some(Wish::Page) {
        let before = Cache::clock();
        miss.cache.take_page(before, pools.ask_for_descriptor(&AskPage::ASK, deadline));
        wish = miss.keep();
    }
    if wish == Some(Wish::Policy) {
        miss.cache.fetch_policy_aside();
    }
}
