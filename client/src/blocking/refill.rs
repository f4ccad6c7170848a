//! After a miss: stores the verdict, and asks the daemon for what the cache lacks.
//!
//! A failure here is not reported: the verdict is there, and the daemon will be asked for the next one too.

use crate::cache::{Cache, Miss, Missing};
use crate::deadline::Deadline;
use crate::pool::Pools;
use crate::request::{EMPTY, asked};
use apikeyd_protocol::operation;

/// Stores the verdict if there is a page that tells how long it is fresh.
pub(super) fn refill(miss: &Miss<'_>, pools: &Pools, deadline: Deadline) {
    let mut missing = miss.store();
    if missing == Some(Missing::Page) {
        let before = Cache::clock();
        miss.cache.take_page(
            before,
            pools.ask_for_descriptor(&asked::<operation::RevocationPage>(&EMPTY), deadline),
        );
        missing = miss.store();
    }
    if missing == Some(Missing::Policy) {
        miss.cache.fetch_policy_in_background();
    }
}
